#include "app/serve_plan.h"

#include <unistd.h>

#include "cli/check.h"

namespace watchbill::app {
namespace {

BillSource source_of(const cli::ServeArguments& arguments) {
  constexpr const char* usual = "watchbill.yaml";
  BillSource source;
  source.own_addresses = arguments.listen;
  source.neighbours = arguments.neighbours;
  source.bill = arguments.config;
  if (!source.is_named() && ::access(usual, F_OK) == 0) source.bill = usual;
  return source;
}

std::optional<ListenProblem> read_places(const cli::ServeArguments& arguments, ServePlan& plan) {
  ListenSecurity security;
  std::vector<std::string> addresses{std::string(listen_default)};
  if (plan.bill) {
    plan.data = plan.bill->configuration.data;
    addresses = plan.bill->configuration.listen;
    security.has_tokens = !plan.bill->tokens.empty();
    if (const auto& tls = plan.bill->configuration.tls)
      security.tls = drivers::net::TlsServerFiles{tls->cert_file, tls->key_file, {}};
  }
  if (!arguments.data.empty()) plan.data = arguments.data;
  if (!arguments.listen.empty()) addresses = arguments.listen;
  for (const std::string& address : addresses) {
    auto listen = parse_listen(address, security);
    if (!listen) return listen.error();
    plan.listen.push_back(std::move(*listen));
  }
  return std::nullopt;
}

}  // namespace

std::optional<ServePlan> read_plan(cli::Terminal& terminal, const cli::ServeArguments& arguments, bool shows_warnings) {
  ServePlan plan;
  if (arguments.neighbours.is_named() && !arguments.config.empty()) {
    terminal.complain("serve: bad_argument: --config names a bill, which takes the place of --prometheus.config and "
                      "--alertmanager.config: name its files there by scrape_configs, rule_files and alertmanager_config");
    return std::nullopt;
  }
  if (const auto flags = arguments.neighbours.flags.words(); !flags.empty() && !arguments.neighbours.is_named()) {
    terminal.complain("serve: bad_argument: " + flags.front() + " goes with --prometheus.config; a bill has the keys "
                      "storage.retention, storage.retention_size, external_url and scrape_native_histograms");
    return std::nullopt;
  }
  plan.source = source_of(arguments);
  if (plan.source.is_named()) {
    BillReading reading = read_bill(plan.source);
    if (!reading.loaded.findings.empty() && (shows_warnings || !reading.bill)) cli::print_findings(terminal, reading.loaded);
    if (!reading.bill) return std::nullopt;
    plan.bill = std::move(reading.bill);
  }
  const auto problem = read_places(arguments, plan);
  if (!problem) return plan;
  terminal.complain("serve: " + problem->reason + ": " + problem->message);
  return std::nullopt;
}

cli::ExitCode refuse_start(cli::Terminal& terminal, const std::string& reason, const Error& error, cli::ExitCode code) {
  terminal.complain("serve: " + reason + ": " + error.text());
  return code;
}

cli::ExitCode refuse_lock(cli::Terminal& terminal, const Error& error) {
  if (error.kind == ErrorKind::busy) return refuse_start(terminal, "data_in_use", error, cli::ExitCode::locked);
  return refuse_start(terminal, "data_not_writable", error, cli::ExitCode::usage);
}

}  // namespace watchbill::app
