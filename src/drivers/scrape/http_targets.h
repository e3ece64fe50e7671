// Targets that servers answer with: asked at the refresh interval, on the loop.
//
// A call that fails, and an answer that is no list of targets, leaves those of the last good answer. Source: Prometheus 2.42
// discovery/http.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/configuration_scrape.h"
#include "ports/http_client.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::scrape {

class HttpTargets {
 public:
  using Groups = std::vector<StaticTargets>;
  struct Links {
    ports::IoLoop& loop;
    ports::HttpClient& client;
    std::function<Result<Groups>(const std::string& text, const std::string& url)> parse;
    std::function<void()> on_change;                   // groups_of() gives something else
    std::function<void(const std::string&)> complain;  // once for each new reason
    std::function<void(const HttpDiscoveryConfiguration&)> failed{};  // each time that no targets came of asking
  };
  // All of `links` outlive it. Everything is called on the loop.
  explicit HttpTargets(Links links) : links_(std::move(links)) {}
  ~HttpTargets() { stop(); }
  HttpTargets(const HttpTargets&) = delete;
  HttpTargets& operator=(const HttpTargets&) = delete;

  // From now on these; new ones are asked at once.
  void configure(const std::vector<HttpDiscoveryConfiguration>& wanted);
  // Asks nobody any more.
  void stop();

  // What the server answered last, with __meta_url.
  [[nodiscard]] Groups groups_of(const HttpDiscoveryConfiguration& source) const;

 private:
  struct Source {
    HttpDiscoveryConfiguration written;
    Groups groups;
    std::string complaint;  // empty: the last answer was good
    std::optional<ports::TimerId> timer;
    std::optional<ports::HttpCallId> call;
    bool is_over{false};
  };

  void ask(const std::shared_ptr<Source>& source);
  void take(Source& source, Result<Groups> groups);
  [[nodiscard]] Result<Groups> groups_in(const Source& source,
                                         const Result<ports::HttpAnswer, ports::HttpFailure>& answer) const;
  void end(Source& source);

  Links links_;
  std::vector<std::shared_ptr<Source>> sources_;
};

}  // namespace watchbill::drivers::scrape
