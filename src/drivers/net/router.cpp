#include "drivers/net/router.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/spelling.h"
#include "drivers/net/message.h"
#include "drivers/net/url.h"

namespace watchbill::drivers::net {
namespace {

using Segments = std::vector<std::string_view>;

// "/a//b/" -> "a", "", "b", "": empty segments count, so "/a" and "/a/" differ. Cut one past the bound, so that too long shows.
Segments split(std::string_view path) {
  Segments segments;
  path.remove_prefix(1);
  while (segments.size() <= path_segments_max) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

bool is_parameter(std::string_view segment) noexcept {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) noexcept {
  return is_parameter(segment) && segment.size() > 5 && segment.ends_with("...}");
}

std::string_view parameter_name(std::string_view segment) noexcept {
  return segment.substr(1, segment.size() - (is_rest(segment) ? 5 : 2));
}

// `pattern` with its parameters filled in from `segments`, and how many of its literals are others, the last one at `differs_at`.
struct Likeness {
  std::string path;
  std::size_t difference_count{0};
  std::size_t differs_at{0};
};
Likeness liken(const Segments& pattern, const Segments& segments) {
  Likeness likeness;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool takes_any = is_parameter(pattern[i]) && !segments[i].empty();
    if (!takes_any && pattern[i] != segments[i]) {
      ++likeness.difference_count;
      likeness.differs_at = i;
    }
    likeness.path.append("/").append(takes_any ? segments[i] : pattern[i]);
  }
  return likeness;
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::map<std::string, ports::HttpRoute, std::less<>> methods;

  // The most literal node that fits segments[index…] and has routes. The recursion is as deep as the longest pattern.
  [[nodiscard]] const Node* find(const Segments& segments, std::size_t index) const {
    if (index == segments.size()) return methods.empty() ? nullptr : this;
    if (const auto literal = literals.find(segments[index]); literal != literals.end())
      if (const Node* found = literal->second->find(segments, index + 1)) return found;
    if (parameter && !segments[index].empty())
      if (const Node* found = parameter->find(segments, index + 1)) return found;
    return rest.get();
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

void Router::add(ports::HttpRoute route) {
  WB_ASSERT(route.pattern.starts_with('/'), "patterns are absolute paths");
  WB_ASSERT(route.handler != nullptr, "a route leads somewhere");
  const Segments segments = split(route.pattern);
  WB_ASSERT(segments.size() <= path_segments_max, "patterns are shorter than the longest path that is looked at");
  Node* node = root_.get();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string_view segment = segments[i];
    std::unique_ptr<Node>* next = nullptr;
    if (is_rest(segment)) {
      WB_ASSERT(i + 1 == segments.size(), "what takes the rest is the last segment");
      next = &node->rest;
    } else if (is_parameter(segment)) {
      next = &node->parameter;
    } else {
      WB_ASSERT(segment.find_first_of("{}%?#") == std::string_view::npos, "a segment is a literal or one parameter");
      next = &node->literals[std::string{segment}];
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  const auto at = std::lower_bound(patterns_.begin(), patterns_.end(), route.pattern);
  if (at == patterns_.end() || *at != route.pattern) patterns_.insert(at, route.pattern);
  std::string method = route.method;
  const bool inserted = node->methods.emplace(std::move(method), std::move(route)).second;
  WB_ASSERT(inserted, "one route for each method and pattern");
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
  Found found;
  const Segments segments = split(path);
  if (segments.size() > path_segments_max) return found;
  const Node* node = root_->find(segments, 0);
  if (node == nullptr) return found;
  auto route = node->methods.find(method);
  if (route == node->methods.end() && method == "HEAD") {
    route = node->methods.find("GET");
    found.is_head = route != node->methods.end();
  }
  if (route == node->methods.end()) {
    for (const auto& [name, ignored] : node->methods)
      found.allow += (found.allow.empty() ? "" : ", ") + name + (name == "GET" ? ", HEAD" : "");
    return found;
  }
  const Segments pattern = split(route->second.pattern);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_rest(pattern[i])) {
      const auto begin = static_cast<std::size_t>(segments[i].data() - path.data());
      found.path_parameters.emplace_back(parameter_name(pattern[i]), path.substr(begin));
    } else if (is_parameter(pattern[i])) {
      std::optional<std::string> value = decode_percent(segments[i], false);
      if (!value) return Found{};  // callers checked the escapes of the whole path; a hand-made one fits nothing
      found.path_parameters.emplace_back(parameter_name(pattern[i]), std::move(*value));
    }
  }
  found.route = &route->second;
  return found;
}

std::string Router::nearest(std::string_view path) const {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const Segments segments = split(path);
  if (segments.size() > path_segments_max) return {};
  // By position of the one segment that differs: what could stand there, and the whole path with it.
  std::vector<std::vector<std::string_view>> spellings(segments.size());
  std::map<std::pair<std::size_t, std::string_view>, std::string> paths;
  for (const std::string& text : patterns_) {
    const Segments pattern = split(text);
    if (pattern.size() != segments.size() || is_rest(pattern.back())) continue;
    Likeness likeness = liken(pattern, segments);
    if (likeness.difference_count == 0) return std::move(likeness.path);  // all but a slash at the end
    if (likeness.difference_count > 1 || is_parameter(pattern[likeness.differs_at])) continue;
    spellings[likeness.differs_at].push_back(pattern[likeness.differs_at]);
    paths.emplace(std::pair{likeness.differs_at, pattern[likeness.differs_at]}, std::move(likeness.path));
  }
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (const std::string_view near = nearest_spelling(segments[i], spellings[i]); !near.empty()) return paths.at({i, near});
  return {};
}

std::vector<Router::Listed> Router::routes() const {
  std::vector<Listed> listed;
  for (const std::string& pattern : patterns_) {
    const Node* node = root_.get();
    for (const std::string_view segment : split(pattern)) {
      if (is_rest(segment)) node = node->rest.get();
      else if (is_parameter(segment)) node = node->parameter.get();
      else node = node->literals.find(segment)->second.get();
    }
    for (const auto& [method, route] : node->methods)
      if (route.pattern == pattern) listed.push_back(Listed{method, pattern});
  }
  return listed;
}

ports::HttpResponse refuse_unknown_path(const Router& router, std::string_view path) {
  Refusal refusal;
  refusal.status = 404;
  refusal.reason = "unknown_path";
  refusal.message = "nothing is served at " + std::string{path.substr(0, 256)};
  if (const std::string near = router.nearest(path); !near.empty()) refusal.fix = "did you mean " + near + "?";
  return refuse(refusal);
}

ports::HttpResponse refuse_method(std::string_view method, std::string_view path, std::string_view allow) {
  Refusal refusal;
  refusal.status = 405;
  refusal.reason = "method_not_allowed";
  refusal.message = std::string{method.substr(0, 32)} + " is not served at " + std::string{path.substr(0, 256)};
  refusal.fix = "use " + std::string{allow};
  ports::HttpResponse response = refuse(refusal);
  response.headers.push_back({"Allow", std::string{allow}});
  return response;
}

}  // namespace watchbill::drivers::net
