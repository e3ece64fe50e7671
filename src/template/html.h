// What Go's html/template does beyond escaping text, for the places where addresses of others come to stand. Internal to the
// folder.
#pragma once

#include <string>
#include <string_view>

namespace watchbill::text_template {

// True when what comes next begins an address: `<a href="`.
[[nodiscard]] bool begins_address(std::string_view before) noexcept;
// An address that may stand there: characters that no address has as %xx; "#ZgotmplZ" for one that would run as a program
// ("javascript:…"). Source: html/template url.go.
[[nodiscard]] std::string safe_address(std::string_view address);
// Escaped text, with the plus too. Source: html/template html.go.
[[nodiscard]] std::string with_plus_escaped(std::string text);

}  // namespace watchbill::text_template
