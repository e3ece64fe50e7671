// Renders the templates of one integration for one notification. A template that fails never keeps a message from being sent: a
// plain text stands in its place, and remark() says so.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "receivers/notification.h"

namespace watchbill::receivers {

class Rendering {
 public:
  Rendering(const Channel& channel, const Notification& notification, Instant now);

  // A setting of the channel, rendered; "" where it is absent. One whose template fails is "".
  [[nodiscard]] std::string text(std::string_view key);
  // The same for what people read: one that fails is plain_title() or plain_text().
  [[nodiscard]] std::string title(std::string_view key);
  [[nodiscard]] std::string message(std::string_view key);
  // The same, escaped for HTML where it is printed by an action.
  [[nodiscard]] std::string html(std::string_view key);
  // A text within a list or a map; `what` is its name in remarks: "actions[0].url". One that fails is "".
  [[nodiscard]] std::string rendered(const std::string& source, std::string_view what);
  // A setting that is a map of texts, its values rendered.
  [[nodiscard]] std::map<std::string, std::string> texts(std::string_view key);
  // A setting that is a list of maps, as written: for rendered().
  [[nodiscard]] const PlanValue::List& list(std::string_view key) const;

  // A setting as it is written, not rendered; "" where it is absent. A secret, or "".
  [[nodiscard]] std::string setting(std::string_view key) const;
  [[nodiscard]] bool is_true(std::string_view key) const { return setting(key) == "true"; }
  [[nodiscard]] std::int64_t number(std::string_view key) const;
  [[nodiscard]] const std::string& secret(std::string_view name) const;
  // A secret that is a template (routing_key, token), rendered, without blanks at its ends. One that fails is "".
  [[nodiscard]] std::string rendered_secret(std::string_view name);

  [[nodiscard]] const Notification& notification() const noexcept { return notification_; }
  [[nodiscard]] bool is_firing() const noexcept { return notification_.data.status == "firing"; }
  // At most 500 bytes: "text: template …: no such field; told plainly". Never holds a secret.
  [[nodiscard]] const std::string& remark() const noexcept { return remark_; }
  // How many templates failed so far: a plain text is no Markdown, whatever the settings say.
  [[nodiscard]] std::size_t failure_count() const noexcept { return failure_count_; }

 private:
  // Nothing where it fails, which the remark then says.
  std::optional<std::string> attempt(std::string_view source, std::string_view what, text_template::Escape escape,
                                     std::string_view instead, bool is_secret = false);
  void note_failure(std::string_view what, std::string_view why, std::string_view instead);

  const Channel& channel_;
  const Notification& notification_;
  text_template::Value dot_;
  text_template::Environment environment_;
  std::string remark_;
  std::size_t failure_count_{0};
  // All texts of a message together: its size is bounded whatever the templates print.
  std::size_t bytes_left_{4U << 20};
  std::size_t texts_left_{1000};
};

// "[FIRING:2] WebDown shop": what the group shares, on one line.
[[nodiscard]] std::string plain_title(const Notification& notification);
// The title, then one line for each alert with its labels and annotations, at most 20 of them; at most 16 KiB.
[[nodiscard]] std::string plain_text(const Notification& notification);

// Stands where something was cut: 3 bytes, 1 character.
inline constexpr std::string_view cut_mark = "…";
// As Alertmanager shortens texts for the far side: at most `characters_max` characters, the last replaced by "…" when something
// was cut. Source: notify/util.go TruncateInRunes.
[[nodiscard]] std::string cut_characters(std::string text, std::size_t characters_max);
// The same in bytes, at the beginning of a character. Source: TruncateInBytes.
[[nodiscard]] std::string cut_bytes(std::string text, std::size_t bytes_max);

}  // namespace watchbill::receivers
