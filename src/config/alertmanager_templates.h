// `templates` of an Alertmanager file: the files that its patterns find, and whether the templates of its settings can be
// rendered.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/load.h"
#include "config/reader.h"
#include "model/configuration_receiver.h"
#include "template/template.h"

namespace watchbill::config {

// Of one Alertmanager file; beyond them it is refused.
inline constexpr std::size_t template_files_max = 1000;

class NotificationTemplates {
 public:
  // With Alertmanager's own templates, which every file may call.
  NotificationTemplates();
  // Reads the files that the list of patterns `at` finds, each after those that it may call. Complains about files that cannot be
  // read, and in them about what is no template.
  void read(const Cursor& at, const FileReader& files);
  // Looks at the templates of an integration: complains about what does not parse (template_invalid) or names what is not there
  // (template_unknown). Alertmanager takes it, and fails at each message. Never repeats a secret.
  void check(const Cursor& integration, const TableView& table) const;

  [[nodiscard]] std::vector<TemplateText> take() { return std::move(texts_); }

 private:
  void read_file(const Cursor& origin, const std::string& path, const FileReader& files);
  void check_below(const Cursor& at, bool is_hidden) const;
  void check_text(const Cursor& at, bool is_hidden) const;

  text_template::Template library_;
  std::map<std::string, std::string> shown_;  // paths by the names of templates
  std::vector<TemplateText> texts_;
};

// As Go's filepath.Glob: every part may be a pattern, stars find hidden names too, folders that cannot be read hold nothing. In
// the order of names. `path` is absolute.
[[nodiscard]] std::vector<std::string> files_like(const std::string& path, const FileReader& files);
// A pattern that matches nothing because it is none: "[a".
[[nodiscard]] bool is_broken_pattern(std::string_view pattern) noexcept;

}  // namespace watchbill::config
