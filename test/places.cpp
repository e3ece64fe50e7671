#include "places.h"

namespace watchbill {
namespace {

std::string joined(std::string_view folder, std::string_view below) {
  std::string path(folder);
  if (!below.empty()) path.append("/").append(below);
  return path;
}

}  // namespace

std::string in_source(std::string_view below) { return joined(WB_SOURCE_DIR, below); }
std::string in_build(std::string_view below) { return joined(WB_BINARY_DIR, below); }
std::string in_test_data(std::string_view below) { return joined(WB_SOURCE_DIR "/test/data", below); }

}  // namespace watchbill
