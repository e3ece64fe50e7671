// Where a test finds what it reads and runs: absolute paths of this checkout and of the build tree that the test was built in, so
// that it can be started from any folder. Only places.cpp is compiled with them: as macros they made every test another source
// in every clone, and ccache was of no use there.
#pragma once

#include <string>
#include <string_view>

namespace watchbill {

// `below` is relative and may be empty: in_source("docs/bill.md"), in_build("watchbill"), in_test_data("config"). Whether it is
// there is not looked at.
std::string in_source(std::string_view below);
std::string in_build(std::string_view below);
std::string in_test_data(std::string_view below);

}  // namespace watchbill
