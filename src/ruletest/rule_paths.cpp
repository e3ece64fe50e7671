#include "ruletest/rule_paths.h"

#include <algorithm>

namespace watchbill::ruletest {
namespace {

bool is_meant(std::string_view pattern, std::string_view name) {
  return config::matches(pattern, name) && (!name.starts_with('.') || pattern.starts_with('.'));
}

}  // namespace

Result<std::vector<std::string>> paths_of(std::string_view pattern, const config::FileReader& files, std::size_t paths_max) {
  std::vector<std::string> found{""};
  for (std::string_view rest = pattern; !rest.empty();) {
    rest.remove_prefix(1);  // the slash
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size());
    std::vector<std::string> next;
    for (const std::string& folder : found) {
      if (!config::is_pattern(part)) {
        next.push_back(folder + "/" + std::string(part));
        continue;
      }
      const Result<std::vector<std::string>> names = files.list(folder.empty() ? "/" : folder);
      if (!names) continue;
      for (const std::string& name : *names)
        if (is_meant(part, name)) next.push_back(folder + "/" + name);
      if (next.size() > paths_max)
        return Error{ErrorKind::exhausted, "list", std::string(pattern), "more than " + std::to_string(paths_max) + " names"};
    }
    found = std::move(next);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> there;
  for (std::string& path : found) {
    const Result<std::string> text = files.read(path);
    if (text) there.push_back(std::move(path));
    else if (text.error().kind != ErrorKind::not_found) return text.error();
  }
  return there;
}

}  // namespace watchbill::ruletest
