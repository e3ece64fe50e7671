// tidy [ROOT]: checks the repository at ROOT (default: the current folder) against the rules of the house.
// Prints one line for each finding. Exit codes: 0 none but warnings, 1 findings, 2 ROOT cannot be read.
#include <cstdio>
#include <string>

#include "tidy/repository.h"

int main(int argc, char** argv) {
  const std::string root = argc > 1 ? argv[1] : ".";
  watchbill::tidy::Files files;
  std::string error;
  if (!watchbill::tidy::read_repository(root, files, error)) {
    std::fprintf(stderr, "tidy: %s\n", error.c_str());
    return 2;
  }
  std::size_t count = 0;
  for (const watchbill::tidy::Finding& finding : watchbill::tidy::check_repository(files)) {
    std::printf("%s\n", watchbill::tidy::text_of(finding).c_str());
    if (!finding.is_warning) ++count;
  }
  if (count > 0) std::printf("%zu findings; docs/build.md says what each rule wants and why\n", count);
  return count > 0 ? 1 : 0;
}
