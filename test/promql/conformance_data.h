// Where the third-party test data lies; it is read in place and never part of this repository.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "places.h"

namespace watchbill::metrics::promql::test {

inline std::filesystem::path conformance(const std::string& below) {
  return in_source("../shared/conformance/" + below);
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace watchbill::metrics::promql::test
