#include "receivers/templates.h"

namespace watchbill::receivers {
namespace {

// Made by CMake of the files in data/.
constexpr std::string_view embedded[] = {
#include <default_templates.inc>
};

}  // namespace

const std::string& default_templates() {
  static const std::string text = [] {
    std::string all;
    for (const std::string_view each : embedded) all += each;
    return all;
  }();
  return text;
}

Result<std::shared_ptr<const text_template::Template>> parse_library(std::span<const text_template::Source> files) {
  auto library = text_template::parse({"default.tmpl", default_templates()}, text_template::Place::notification);
  for (const text_template::Source& file : files) {
    if (!library) break;
    auto next = text_template::parse(file, text_template::Place::notification, &*library);
    library = std::move(next);
  }
  if (!library) return library.error();
  return std::make_shared<const text_template::Template>(std::move(*library));
}

}  // namespace watchbill::receivers
