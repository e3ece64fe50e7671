#include "cli/check.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/caret.h"
#include "cli/emitters.h"
#include "config/disk.h"
#include "config/import.h"

namespace watchbill::cli {
namespace {

ExitCode report(Terminal& terminal, const config::Loaded& loaded, const CheckArguments& arguments) {
  print_findings(terminal, loaded);
  return static_cast<ExitCode>(loaded.exit_code(arguments.warn_as_fail));
}

bool take_emitters(Terminal& terminal, const World& world, const CheckArguments& arguments, config::LoadOptions& options) {
  if (world.own_metrics) options.metrics = world.own_metrics();
  const Result<void> added = add_emitters(arguments.emitters, world, options.metrics);
  if (!added) terminal.complain("check: --emitters: " + added.error().text());
  return added.has_value();
}

}  // namespace

config::LoadOptions load_options() {
  config::LoadOptions options;
  std::array<char, 4096> folder{};
  if (::getcwd(folder.data(), folder.size()) != nullptr) options.working_directory = folder.data();
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) options.own_host = host.data();
  options.keeper_is_root = ::geteuid() == 0;
  return options;
}

void print_findings(Terminal& terminal, const config::Loaded& loaded) {
  const auto errors = static_cast<std::size_t>(
      std::count_if(loaded.findings.begin(), loaded.findings.end(),
                    [](const config::Finding& finding) { return finding.severity != config::Severity::warning; }));
  for (const config::Finding& finding : loaded.findings) print_finding(terminal, finding);
  if (terminal.format() != Format::table) return;
  if (loaded.dropped_count > 0) terminal.print("… and " + std::to_string(loaded.dropped_count) + " more");
  terminal.print(std::to_string(errors) + " errors, " + std::to_string(loaded.findings.size() - errors) + " warnings");
}

ExitCode check_bill(Terminal& terminal, const World& world, const CheckArguments& arguments) {
  config::LoadOptions options = load_options();
  if (!take_emitters(terminal, world, arguments, options)) return ExitCode::usage;
  options.own_addresses = arguments.own_addresses;
  if (arguments.neighbours.is_named()) {
    if (!arguments.config.empty()) {
      terminal.complain("check: --config names a bill, which takes the place of the neighbours' files: name either");
      return ExitCode::usage;
    }
    return report(terminal, config::load_neighbours(arguments.neighbours, config::disk_files(), options), arguments);
  }
  const std::string bill = arguments.config.empty() ? "watchbill.yaml" : arguments.config;
  return report(terminal, config::load_bill(bill, config::disk_files(), options), arguments);
}

ExitCode check_rules(Terminal& terminal, const World& world, const CheckArguments& arguments) {
  config::LoadOptions options = load_options();
  if (!take_emitters(terminal, world, arguments, options)) return ExitCode::usage;
  const config::Loaded loaded = config::check_rule_files(arguments.files, config::disk_files(), options);
  const auto counted = [](std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  };
  // "0 errors" alone would not say that anything was read.
  if (terminal.format() == Format::table)
    for (const config::RuleFileCount& file : loaded.rule_files)
      terminal.print(one_line(file.path) + ": " + counted(file.group_count, "group") + ", " + counted(file.rule_count, "rule"));
  return report(terminal, loaded, arguments);
}

ExitCode check_alertmanager(Terminal& terminal, const CheckArguments& arguments) {
  return report(terminal, config::check_alertmanager_file(arguments.files.front(), config::disk_files(), load_options()),
                arguments);
}

ExitCode import_prometheus(Terminal& terminal, const config::NeighbourFiles& files) {
  const config::FileReader reader = config::disk_files();
  const config::LoadOptions options = load_options();
  for (const std::string* file : {&files.prometheus, &files.alertmanager}) {
    if (file->empty()) continue;
    const Result<std::string> text = reader.read(file->starts_with('/') ? *file : options.working_directory + "/" + *file);
    if (text) continue;
    terminal.complain("import: " + text.error().text());
    return ExitCode::usage;
  }
  const config::Imported imported = config::import_prometheus(files, reader, options);
  for (const config::Finding& finding : imported.refused) terminal.complain(finding.line());
  if (!imported.refused.empty()) return ExitCode::usage;
  terminal.print_raw(imported.bill);
  return ExitCode::done;
}

}  // namespace watchbill::cli
