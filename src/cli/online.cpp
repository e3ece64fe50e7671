#include "cli/online.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "config/texts.h"

namespace watchbill::cli {
namespace {

constexpr std::string_view base = "/api/watchbill/v1";
constexpr Duration answer_wait_max = Duration::seconds(30);

struct Address {
  std::string_view scheme, host, port;
};

// "http", "127.0.0.1", "9911" of "http://localhost:9911/x"; nothing of what names no port.
std::optional<Address> address_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view authority = url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3);
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = authority.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  return Address{url.substr(0, begin), host, authority.substr(colon + 1)};
}

// True when a controller that says it is served at `served` is the one at `url`.
bool is_served_at(std::string_view served, std::string_view url) {
  const auto ours = address_of(served), asked = address_of(url);
  if (!ours || !asked || ours->scheme != asked->scheme || ours->port != asked->port) return false;
  const bool is_everywhere = ours->host == "0.0.0.0" || ours->host == "[::]";
  return ours->host == asked->host || (is_everywhere && config::is_loopback(asked->host));
}

Result<std::string> read_line(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return Error::from_errno(errno, "open", path);
  std::array<char, 512> bytes{};
  const bool is_read = std::fgets(bytes.data(), bytes.size(), file) != nullptr;
  std::fclose(file);
  std::string line(is_read ? bytes.data() : "");
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  if (line.empty()) return Error{ErrorKind::invalid, "read the token in", path, "its first line is empty"};
  return line;
}

// A neighbour's error has no exit code: its status does.
ExitCode code_of(std::uint32_t status) {
  if (status == 401 || status == 403) return ExitCode::blocked;
  if (status == 429 || status == 503) return ExitCode::try_later;
  return status < 500 || status == 501 ? ExitCode::usage : ExitCode::internal;
}

// What a refusal's body says (design/http.md §5), or a neighbour's error.
ExitCode complain_of(Terminal& terminal, const ports::HttpAnswer& answer) {
  const Result<JsonValue> body = parse_json(answer.body);
  const auto text = [&body](std::string_view name) -> std::string {
    const JsonValue* member = body ? body->find(name) : nullptr;
    return member != nullptr && member->as_string() != nullptr ? *member->as_string() : "";
  };
  if (body && body->as_string() != nullptr) {  // Alertmanager's way
    if (terminal.format() == Format::json) terminal.print(answer.body);
    else terminal.complain(*body->as_string());
    return code_of(answer.status);
  }
  if (!text("errorType").empty()) {
    if (terminal.format() == Format::json) terminal.print(answer.body);
    else terminal.complain(text("errorType") + ": " + text("error"));
    return code_of(answer.status);
  }
  if (text("reason").empty()) {
    terminal.complain("the server answered with status " + std::to_string(answer.status) + ", not as a watchbill does");
    return ExitCode::internal;
  }
  if (terminal.format() == Format::json) terminal.print(answer.body);
  else terminal.complain(text("reason") + ": " + text("message") + "\n  " + text("fix"));
  const JsonValue* code = body->find("exit_code");
  return code != nullptr && code->as_integer() != nullptr ? static_cast<ExitCode>(*code->as_integer()) : ExitCode::internal;
}

}  // namespace

std::string escaped(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos) out.push_back(c);
    else out.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return out;
}

std::string Online::server() const {
  const char* const from_environment = std::getenv("WATCHBILL_URL");
  std::string url = !arguments_.server.empty() ? arguments_.server : from_environment != nullptr ? from_environment : "";
  if (url.empty()) url = server_default;
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

// The token of this host's own controller goes to that controller only: whoever else has an address here is a stranger.
bool Online::is_own_controller() const {
  const std::vector<std::string> served = world_.served_urls(arguments_.data);
  const std::string url = server();
  return std::any_of(served.begin(), served.end(), [&url](const std::string& each) { return is_served_at(each, url); });
}

Result<std::string> Online::token() const {
  if (!arguments_.token_file.empty()) return read_line(arguments_.token_file);
  if (!is_own_controller()) return std::string();
  const Result<std::string> own = read_line(arguments_.data + "/admin.token");
  return own ? *own : std::string();  // a stranger: the controller says what that may do
}

// For who was turned away: which token was sent.
std::string Online::who_asked() const {
  if (!arguments_.token_file.empty()) return "the token was read from " + arguments_.token_file;
  const std::string own = arguments_.data + "/admin.token";
  const Result<std::string> line = read_line(own);
  const std::string ways = "; --data DIR names the controller's data directory, --token-file FILE a token";
  if (!line) return "no token was sent: " + own + " cannot be read" + ways;
  if (is_own_controller()) return "the token was read from " + own + "; --data DIR names another controller's";
  return "no token was sent: " + server() + " is not where a controller of " + arguments_.data + " listens now" + ways;
}

Result<ports::HttpAnswer> Online::ask(const Asked& asked) {
  const Result<std::string> secret = token();
  if (!secret) return secret.error();
  ports::HttpCall call;
  call.method = asked.method;
  call.url = server() + std::string(asked.path.starts_with("/api/v") ? "" : base) + asked.path;
  call.body = asked.body;
  call.timeout = answer_wait_max;
  call.may_be_sent_twice = asked.method == "GET";
  if (!secret->empty()) call.headers.push_back({"Authorization", "Bearer " + *secret});
  if (!asked.request_id.empty()) call.headers.push_back({"Idempotency-Key", asked.request_id});
  if (!asked.body.empty()) call.headers.push_back({"Content-Type", "application/json"});
  Result<ports::HttpAnswer, ports::HttpFailure> answer = world_.call(std::move(call));
  if (answer) return std::move(*answer);
  const bool is_usage = answer.error().kind == ports::HttpFailureKind::call_invalid;
  return Error{is_usage ? ErrorKind::invalid : ErrorKind::timed_out, "reach the controller at", server(),
               answer.error().detail + (is_usage ? "" : "; `watchbill serve` starts one, --server names another")};
}

std::optional<JsonValue> Online::ask_or_complain(Terminal& terminal, const Asked& asked, ExitCode& code) {
  const Result<ports::HttpAnswer> answer = ask(asked);
  if (!answer) {
    code = terminal.fail(answer.error());
    return std::nullopt;
  }
  Result<JsonValue> body = parse_json(answer->body.empty() ? "{}" : answer->body);  // Alertmanager says no more of some changes
  const bool is_taken = answer->status == 200 || answer->status == 202;
  if (!is_taken || !body) {
    code = complain_of(terminal, *answer);
    if ((answer->status == 401 || answer->status == 403) && terminal.format() == Format::table) terminal.complain(who_asked());
    return std::nullopt;
  }
  code = ExitCode::done;
  return std::move(*body);
}

}  // namespace watchbill::cli
