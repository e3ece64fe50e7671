#include "cli/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "base/spelling.h"
#include "cli/check.h"
#include "cli/online.h"
#include "cli/prometheus_flags.h"
#include "cli/runs.h"
#include "cli/routes.h"
#include "cli/silences.h"
#include "cli/test.h"
#include "cli/workloads.h"

namespace watchbill::cli {
namespace {

// The terminal a person sits at, if one does.
bool has_colors(bool refused) {
  return !refused && std::getenv("NO_COLOR") == nullptr && ::isatty(STDOUT_FILENO) == 1;
}

// Everything that parsing fills in before any verb runs.
struct Parsed {
  std::string format{"table"};
  bool no_color{false};
  std::function<ExitCode(Terminal&)> verb;
  bool answers_on_output{true};  // a verb whose work is what it prints; a service lives on without a reader

  ServeArguments serve;
  JournalArguments journal;
  std::string directory;
  CheckArguments check;
  config::NeighbourFiles neighbours;
  RuleTestArguments rule_tests;
  VerifyArguments verify;
  ReplayArguments replay;
  WhyArguments why;
  SimulateArguments simulate;
  std::string shell;
  ServerArguments server;
  HoldArguments hold;
  RouteArguments route;
  SilenceArguments silence;
  QueryArguments query;
  std::vector<std::string> filters;
  std::string alert;
  WorkloadArguments workload;
  LogArguments log;
  RunArguments run;
  StatusArguments status;
  bool watch{false};
};

class CommandLine {
 public:
  CommandLine(World& world, const ProgramVerbs& program) : world_(world), program_(program) {
    app_.name("watchbill");
    app_.require_subcommand(1);
    app_.set_version_flag("--version", world.build);
    app_.footer(
        "Exit codes: 0 yes, done · 1 negative verdict · 2 usage or configuration · 3 blocked · 4 lock, queue, duplicate ·\n"
        "5 not enough data · 6 evidence invalid · 7 internal error · 75 try again later");
    app_.fallthrough();
    app_.add_option("-o,--output", parsed_.format, "how to print")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    app_.add_flag("--no-color", parsed_.no_color, "never colour the output");
    add_serve();
    add_check();
    add_import();
    add_test();
    add_status();
    add_query();
    add_alerts();
    add_hold();
    add_silence();
    add_route();
    add_workloads();
    add_run();
    add_approvals();
    add_journal();
    add_evidence();
    add_simulate();
    add_completion();
  }

  int run(int argument_count, char** arguments) {
    try {
      app_.parse(argument_count, arguments);
    } catch (const CLI::CallForHelp& help) {
      return app_.exit(help);
    } catch (const CLI::CallForVersion& version) {
      return app_.exit(version);
    } catch (const CLI::ParseError& error) {
      return complain(error, argument_count, arguments);
    }
    const Format format = parsed_.format == "json" ? Format::json : Format::table;
    Terminal terminal(stdout, stderr, format, has_colors(parsed_.no_color));
    const ExitCode code = parsed_.verb(terminal);
    return static_cast<int>(parsed_.answers_on_output ? terminal.close(code) : code);
  }

 private:
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& text, const std::string& examples,
                std::function<ExitCode(Terminal&)> verb) {
    CLI::App* sub = parent.add_subcommand(name, text);
    sub->footer("Examples:\n" + examples);
    sub->fallthrough();
    if (verb) sub->callback([this, verb = std::move(verb)] { parsed_.verb = verb; });
    return sub;
  }

  void add_data(CLI::App* sub, std::string& data) {
    sub->add_option("--data", data, "the data directory; only read, also beside a running controller")->capture_default_str();
  }

  void add_serve() {
    CLI::App* sub =
        add(app_, "serve", "run the controller",
            "  watchbill serve --config watchbill.yaml --data /var/lib/watchbill\n"
            "  watchbill serve --prometheus.config prometheus.yml --alertmanager.config alertmanager.yml",
            [this](Terminal& terminal) {
              parsed_.answers_on_output = false;
              return program_.serve(terminal, parsed_.serve);
            });
    sub->add_option("--config", parsed_.serve.config, "the bill [watchbill.yaml, if it is there]");
    sub->add_option("--data", parsed_.serve.data, "the data directory, instead of the bill's");
    sub->add_option("--listen,--web.listen-address", parsed_.serve.listen, "an address to listen on, instead of the bill's");
    sub->add_flag("--stop-workloads", parsed_.serve.stops_workloads,
                  "when it ends it stops all workloads, in order; else they run on");
    sub->add_flag("--supervised", parsed_.serve.is_supervised,
                  "the keeper runs the controller and starts it again when it crashes: for hosts without systemd");
    add_neighbours(sub, parsed_.serve.neighbours);
  }

  void add_neighbours(CLI::App* sub, config::NeighbourFiles& files) {
    sub->add_option("--prometheus.config", files.prometheus, "Prometheus' own file, instead of a bill");
    sub->add_option("--alertmanager.config", files.alertmanager, "Alertmanager's own file, instead of a bill");
    const auto add_flag = [sub](const std::string& name, auto& text, const std::string& meaning) {
      sub->add_option(name, text, "as Prometheus', beside --prometheus.config: " + meaning);
    };
    add_flag("--storage.tsdb.retention.time", files.flags.retention, "of samples, at most 15d [24h]");
    add_flag("--storage.tsdb.retention.size", files.flags.retention_size, "of samples on disk");
    add_flag("--web.external-url", files.flags.external_url, "how others reach this [made from --listen]");
    add_flag("--enable-feature", files.flags.features, "native-histograms: asks all jobs for them");
  }

  void add_check() {
    CLI::App* bill = add(app_, "check", "lint the bill, rule files or an Alertmanager file, with exact places",
                         "  watchbill check --config watchbill.yaml\n  watchbill check rules rules/*.yml --warn-as-fail", {});
    bill->require_subcommand(0, 1);
    bill->callback([this, bill] {
      if (bill->get_subcommands().empty())
        parsed_.verb = [this](Terminal& terminal) { return check_bill(terminal, world_, parsed_.check); };
    });
    bill->add_option("--config", parsed_.check.config, "the bill [watchbill.yaml]");
    add_neighbours(bill, parsed_.check.neighbours);
    bill->add_option("--listen,--web.listen-address", parsed_.check.own_addresses,
                     "what `serve` will listen on, instead of the bill's [127.0.0.1:9911]");
    bill->add_flag("--warn-as-fail", parsed_.check.warn_as_fail, "warnings give exit 1");
    const auto add_emitters_to = [this](CLI::App* verb) {
      verb->add_option("--emitters", parsed_.check.emitters,
                       "who emits what: a file or URL with a metrics page, or a Prometheus (http://host:9090); may come again")
          ->expected(1)
          ->take_all();
    };
    add_emitters_to(bill);
    CLI::App* rules =
        add(*bill, "rules", "lint Prometheus rule files by themselves",
            "  watchbill check rules rules/web.yml\n  watchbill check rules rules/*.yml --emitters http://prometheus:9090",
            [this](Terminal& terminal) { return check_rules(terminal, world_, parsed_.check); });
    rules->add_option("FILE", parsed_.check.files, "rule files")->required();
    add_emitters_to(rules);
    add(*bill, "alertmanager", "lint an Alertmanager file by itself",
        "  watchbill check alertmanager alertmanager.yml\n  watchbill check alertmanager /etc/prometheus/alertmanager.yml",
        [this](Terminal& terminal) { return check_alertmanager(terminal, parsed_.check); })
        ->add_option("FILE", parsed_.check.files, "the file")
        ->required()
        ->expected(1);
  }

  void add_test() {
    CLI::App* test = add(app_, "test", "run tests without a controller",
                         "  watchbill test rules rules_test.yml\n  watchbill test promql tests/*.test", {});
    test->require_subcommand(1);
    CLI::App* rules = add(*test, "rules", "run unit tests of rules in promtool's format",
                          "  watchbill test rules rules_test.yml\n"
                          "  watchbill test rules tests/*.yml --run 'pages.*night' --junit verdicts.xml",
                          [this](Terminal& terminal) { return test_rules(terminal, world_, parsed_.rule_tests); });
    rules->add_option("FILE", parsed_.rule_tests.files, "test files")->required();
    rules->add_option("--run", parsed_.rule_tests.run, "only tests whose name has a match of this pattern; again for more")
        ->allow_extra_args(false);
    rules->add_option("--junit", parsed_.rule_tests.junit, "write the verdicts to this file, as build servers read them");
    add(*test, "promql", "run scripts in Prometheus' PromQL test language",
        "  watchbill test promql operators.test\n  watchbill test promql tests/*.test",
        [this](Terminal& terminal) { return test_promql(terminal, parsed_.check.files); })
        ->add_option("FILE", parsed_.check.files, "scripts")
        ->required();
  }

  void add_import() {
    CLI::App* parent = add(app_, "import", "make a bill of other programs' files",
                           "  watchbill import prometheus prometheus.yml > watchbill.yaml\n"
                           "  watchbill import prometheus prometheus.yml --alertmanager.config alertmanager.yml",
                           {});
    parent->require_subcommand(1);
    CLI::App* sub = add(*parent, "prometheus", "print the bill that says what Prometheus' file says, to lie beside that file",
                        "  watchbill import prometheus prometheus.yml > watchbill.yaml\n"
                        "  watchbill import prometheus prometheus.yml --alertmanager.config alertmanager.yml",
                        [this](Terminal& terminal) { return import_prometheus(terminal, parsed_.neighbours); });
    sub->add_option("FILE", parsed_.neighbours.prometheus, "Prometheus' own file")->required();
    sub->add_option("--alertmanager.config", parsed_.neighbours.alertmanager,
                    "Alertmanager's own file, which the bill then names");
  }

  // Where the controller is and who asks it.
  void add_server(CLI::App* sub) {
    sub->add_option("--server", parsed_.server.server, "URL of the controller [$WATCHBILL_URL, else http://127.0.0.1:9911]");
    sub->add_option("--token-file", parsed_.server.token_file, "a file whose first line is a token");
    sub->add_option("--data", parsed_.server.data, "the data directory of that controller, whose admin.token it gets")
        ->capture_default_str();
  }

  void add_status() {
    CLI::App* sub = add(app_, "status", "what waits for a person and the command to type next, then what the controller is doing",
                        "  watchbill status\n  watchbill status --watch --server http://127.0.0.1:9911",
                        {});
    sub->callback([this, sub] {
      if (!sub->get_subcommands().empty()) return;
      parsed_.verb = [this](Terminal& terminal) { return cli::status(terminal, world_, parsed_.server, parsed_.status); };
    });
    add_server(sub);
    sub->add_flag("--watch", parsed_.status.watch, "again each second, until interrupted");
    sub->add_flag("--warn-as-fail", parsed_.status.warn_as_fail, "exit 1 when something is wrong or waits for a person");
    sub->require_subcommand(0, 1);
    CLI::App* list = add(*sub, "workloads", "every workload: state, restarts, what it uses and how old that figure is",
                         "  watchbill status workloads\n  watchbill status workloads --watch",
                         [this](Terminal& terminal) { return workloads_list(terminal, world_, parsed_.server, parsed_.watch); });
    add_server(list);
    list->add_flag("--watch", parsed_.watch, "again each second, until interrupted");
  }

  void add_workload_action(CLI::App& parent, const std::string& name, const std::string& text, WorkloadAction action) {
    CLI::App* sub = add(parent, name, text,
                        "  watchbill workloads " + name + " web --reason \"new certificate\"\n  watchbill workloads " + name +
                            " group:shop --wait --timeout 30s",
                        [this, action](Terminal& terminal) {
                          return workloads_act(terminal, world_, parsed_.server, action, parsed_.workload);
                        });
    add_server(sub);
    sub->add_option("NAME", parsed_.workload.name, "a workload, or group:NAME")->required();
    sub->add_option("--reason", parsed_.workload.reason, "why, for whoever reads the journal");
    sub->add_option("--request-id", parsed_.workload.request_id, "the same id gets the same answer again");
    sub->add_flag("--wait", parsed_.workload.waits, "until it is there (0) or cannot be (1)");
    sub->add_option("--timeout", parsed_.workload.timeout, "of --wait; then exit 75")->capture_default_str();
  }

  void add_workloads() {
    const auto list = [this](Terminal& terminal) { return workloads_list(terminal, world_, parsed_.server, false); };
    CLI::App* workloads = add(app_, "workloads", "what is supervised; start, stop and restart by hand",
                              "  watchbill workloads\n  watchbill workloads restart web --reason \"new certificate\" --wait", {});
    workloads->require_subcommand(0, 1);
    workloads->callback([this, workloads, list] {
      if (workloads->get_subcommands().empty()) parsed_.verb = list;
    });
    add_server(workloads);
    add_server(add(*workloads, "list", "every workload, a line for each",
                   "  watchbill workloads list\n  watchbill workloads list -o json", list));
    CLI::App* show = add(*workloads, "show", "everything about one workload",
                         "  watchbill workloads show web\n  watchbill workloads show web@2 -o json", [this](Terminal& terminal) {
                           return workloads_show(terminal, world_, parsed_.server, parsed_.workload.name);
                         });
    add_server(show);
    show->add_option("NAME", parsed_.workload.name, "a workload")->required();
    add_workload_action(*workloads, "start", "start a workload that is at rest", WorkloadAction::start);
    add_workload_action(*workloads, "stop", "stop a workload and leave it stopped", WorkloadAction::stop);
    add_workload_action(*workloads, "restart", "restart a workload; spends no restart budget", WorkloadAction::restart);
    CLI::App* logs = add(app_, "logs", "what a workload has written, each line with its receive time",
                         "  watchbill logs web -n 20\n  watchbill logs web -f --data /var/lib/watchbill",
                         [this](Terminal& terminal) { return cli::logs(terminal, world_, parsed_.log); });
    logs->add_option("NAME", parsed_.log.name, "a workload")->required();
    logs->add_option("-n,--lines", parsed_.log.lines, "how many lines, the last ones")->capture_default_str();
    logs->add_flag("-f,--follow", parsed_.log.follows, "goes on with what is written from now on");
    add_data(logs, parsed_.log.data);
  }

  void add_query() {
    CLI::App* sub =
        add(app_, "query", "ask a running controller in PromQL",
            "  watchbill query 'sum by (job) (up)'\n  watchbill query 'rate(http_requests_total[5m])' --since 1h --step 1m",
            [this](Terminal& terminal) { return cli::query(terminal, world_, parsed_.server, parsed_.query); });
    add_server(sub);
    sub->add_option("EXPR", parsed_.query.expression, "the expression")->required();
    sub->add_option("--at", parsed_.query.at, "a time such as 2026-03-01T12:00:00Z, or seconds since 1970 [now]");
    sub->add_option("--since", parsed_.query.since, "over this time before --at, such as 1h, or seconds");
    sub->add_option("--step", parsed_.query.step, "with --since: between two points, such as 15s, or seconds [a sixtieth of it]");
  }

  void add_alerts() {
    CLI::App* alerts = add(app_, "alerts", "alerts that are pending or firing",
                           "  watchbill alerts\n  watchbill alerts list --filter 'severity=~\"page|ticket\"'", {});
    alerts->require_subcommand(0, 1);
    const auto list = [this](Terminal& terminal) { return alerts_list(terminal, world_, parsed_.server, parsed_.filters); };
    alerts->callback([this, alerts, list] {
      if (alerts->get_subcommands().empty()) parsed_.verb = list;
    });
    for (CLI::App* each :
         {alerts, add(*alerts, "list", "print them as a table",
                      "  watchbill alerts list\n  watchbill alerts list --filter 'job=\"web\"' -o json", list)}) {
      add_server(each);
      each->add_option("--filter", parsed_.filters, "a matcher of labels; again for more: all must hold");
    }
    CLI::App* show = add(*alerts, "show", "one alert: the samples that decided, what it asked for, who was told",
                         "  watchbill alerts show WebDown\n  watchbill alerts show 4d77550ec9ea -o json",
                         [this](Terminal& terminal) { return alerts_show(terminal, world_, parsed_.server, parsed_.alert); });
    add_server(show);
    show->add_option("ALERT", parsed_.alert, "its id, the beginning of one, or its name when one alert has it")->required();
  }

  using SilenceVerb = ExitCode (*)(Terminal&, World&, const ServerArguments&, const SilenceArguments&);
  CLI::App* add_silence_verb(CLI::App& parent, const std::string& name, const std::string& text, const std::string& examples,
                             SilenceVerb verb) {
    CLI::App* sub = add(parent, name, text, examples,
                        [this, verb](Terminal& terminal) { return verb(terminal, world_, parsed_.server, parsed_.silence); });
    add_server(sub);
    return sub;
  }

  void add_route() {
    CLI::App* route = add(app_, "route", "where alerts go, asked of files and journals without a controller",
                          "  watchbill route show alertmanager.yml severity=page\n  watchbill route test routes_test.yml", {});
    route->require_subcommand(1);
    CLI::App* show = add(*route, "show", "print the tree of routes, or who is told of an alert with such labels",
                         "  watchbill route show alertmanager.yml\n"
                         "  watchbill route show alertmanager.yml alertname=WebDown severity=page --at 2026-03-01T02:00:00Z",
                         [this](Terminal& terminal) { return route_show(terminal, world_, parsed_.route); });
    show->add_option("FILE", parsed_.route.configuration, "an Alertmanager file")->required();
    show->add_option("LABEL", parsed_.route.labels, "NAME=VALUE, a label of the alert");
    show->add_option("--at", parsed_.route.at, "the instant that time intervals are asked about [now]");
    CLI::App* test = add(*route, "test", "hold routes against what test files expect of them",
                         "  watchbill route test routes_test.yml\n"
                         "  watchbill route test tests/*.yml --config alertmanager.yml",
                         [this](Terminal& terminal) { return route_test(terminal, world_, parsed_.route); });
    test->add_option("FILE", parsed_.route.files, "test files")->required();
    test->add_option("--config", parsed_.route.configuration, "an Alertmanager file, instead of the one that a test file names");
    CLI::App* diff = add(*route, "diff", "recorded alerts through two files: who would have been told more or less",
                         "  watchbill route diff alertmanager.yml new.yml --data ./data --since 7d",
                         [this](Terminal& terminal) { return route_diff(terminal, world_, parsed_.route); });
    diff->add_option("OLD", parsed_.route.configuration, "an Alertmanager file")->required();
    diff->add_option("NEW", parsed_.route.changed, "another one")->required();
    diff->add_option("--data", parsed_.route.data, "the data directory")->capture_default_str();
    diff->add_option("--since", parsed_.route.since, "only alerts that fired so long before the last record, such as 7d");
  }

  void add_silence() {
    CLI::App* silence = add(app_, "silence", "mute alerts for a while: they fire and act as ever, nobody is told",
                            "  watchbill silence add instance=db1 --for 2h --reason \"new disks\"\n  watchbill silence list", {});
    silence->require_subcommand(0, 1);
    silence->callback([this, silence] {
      if (!silence->get_subcommands().empty()) return;
      parsed_.verb = [this](Terminal& terminal) { return silence_list(terminal, world_, parsed_.server, parsed_.silence); };
    });
    add_server(silence);
    CLI::App* make = add_silence_verb(*silence, "add", "mute the alerts that all matchers match (role operator)",
                                      "  watchbill silence add alertname=WebDown 'instance=~\"db.*\"' --for 30m --reason upgrade",
                                      silence_add);
    make->add_option("MATCHER", parsed_.silence.matchers, "LABEL=VALUE, or with !=, =~ or !~")->required();
    make->add_option("--for", parsed_.silence.length, "how long, from now")->capture_default_str();
    make->add_option("--reason", parsed_.silence.reason, "why, for whoever wonders at the quiet (needed)");
    make->add_option("--author", parsed_.silence.author, "who wants it; else who runs this");
    CLI::App* list = add_silence_verb(*silence, "list", "the silences in force and those to come",
                                      "  watchbill silence list\n  watchbill silence list --expired -o json", silence_list);
    list->add_flag("--expired", parsed_.silence.with_expired, "those that have ended too, for five days");
    add_silence_verb(*silence, "expire", "end a silence now (role operator)", "  watchbill silence expire 5a3f0c2e",
                     silence_expire)
        ->add_option("ID", parsed_.silence.id, "its id, or the beginning of one")
        ->required();
    add_silence_verb(*silence, "import", "add the silences of a file, as `silence list -o json` and amtool print them",
                     "  amtool silence query -o json | watchbill silence import -", silence_import)
        ->add_option("FILE", parsed_.silence.file, "a file, or - for standard input")
        ->required();
  }

  void add_hold() {
    CLI::App* hold = add(app_, "hold", "stop every mutation within a scope until a person releases it",
                         "  watchbill hold --reason \"looking at the disks\"\n"
                         "  watchbill hold --scope binding/WebDown --reason \"known, until Monday\"",
                         {});
    hold->require_subcommand(0, 1);
    hold->callback([this, hold] {
      if (!hold->get_subcommands().empty()) return;
      parsed_.verb = [this](Terminal& terminal) { return hold_set(terminal, world_, parsed_.server, parsed_.hold); };
    });
    const auto with_change = [this](CLI::App* sub) {
      add_server(sub);
      sub->add_option("--scope", parsed_.hold.scope, "all, or KIND/NAME")->capture_default_str();
      sub->add_option("--reason", parsed_.hold.reason, "why, for whoever meets it");
      sub->add_option("--request-id", parsed_.hold.request_id, "the same id gets the same answer again");
    };
    with_change(hold);
    hold->add_flag("--restarts", parsed_.hold.restarts, "keepers suspend their standing orders too");
    with_change(add(*hold, "release", "end a hold (role approver)",
                    "  watchbill hold release --reason \"disks are replaced\"\n  watchbill hold release --scope binding/WebDown",
                    [this](Terminal& terminal) { return hold_release(terminal, world_, parsed_.server, parsed_.hold); }));
    add_server(add(*hold, "show", "the holds in force", "  watchbill hold show\n  watchbill hold show -o json",
                   [this](Terminal& terminal) { return hold_show(terminal, world_, parsed_.server); }));
  }

  // A verb on one run or plan.
  using RunVerb = ExitCode (*)(Terminal&, World&, const ServerArguments&, const RunArguments&);
  CLI::App* add_run_verb(CLI::App& parent, const std::string& name, const std::string& text, const std::string& examples,
                         RunVerb verb) {
    CLI::App* sub = add(parent, name, text, examples,
                        [this, verb](Terminal& terminal) { return verb(terminal, world_, parsed_.server, parsed_.run); });
    add_server(sub);
    return sub;
  }
  void with_id(CLI::App* sub, const std::string& what) { sub->add_option("ID", parsed_.run.subject, what)->required(); }
  void with_reason(CLI::App* sub, bool is_required) {
    sub->add_option("--reason", parsed_.run.reason, "why, for whoever reads it later")->required(is_required);
    sub->add_option("--request-id", parsed_.run.request_id, "the same id gets the same answer again");
  }

  void add_run() {
    CLI::App* run = add(app_, "run", "start a runbook, list and show runs, answer what they ask",
                        "  watchbill run restart-web --set workload=web --dry-run\n"
                        "  watchbill run restart-web --wait --timeout 5m --reason \"answers 502\"",
                        {});
    run->require_subcommand(0, 1);
    run->callback([this, run] {
      if (!run->get_subcommands().empty()) return;
      parsed_.verb = [this](Terminal& terminal) {
        if (parsed_.run.subject.empty()) return run_list(terminal, world_, parsed_.server, parsed_.run);
        return run_start(terminal, world_, parsed_.server, parsed_.run);
      };
    });
    add_server(run);
    run->add_option("RUNBOOK", parsed_.run.subject, "its name in the bill; without it the runs are listed");
    run->add_option("--set", parsed_.run.parameters, "NAME=VALUE, once for each parameter");
    run->add_flag("--dry-run", parsed_.run.dry_run, "say what would be done and what would refuse it");
    run->add_flag("--wait", parsed_.run.waits, "until the run ends; its verdict is the exit code");
    run->add_option("--timeout", parsed_.run.timeout, "of --wait; then exit 75 and the run goes on");
    with_reason(run, false);
    CLI::App* list = add_run_verb(*run, "list", "runs, oldest first", "  watchbill run list\n  watchbill run list --state held",
                                  run_list);
    list->add_option("--state", parsed_.run.state, "only those that are `open`, or in this state");
    with_id(add_run_verb(*run, "show", "one run: its steps, what is open, what to do",
                         "  watchbill run show run-01JD0000000000000000000099\n  watchbill run show ID -o json", run_show),
            "of the run");
    CLI::App* resume = add_run_verb(*run, "resume", "let a held run go on",
                                    "  watchbill run resume ID --reason \"the disk is replaced\"\n"
                                    "  watchbill run resume ID --reason \"again\" -o json",
                                    run_resume);
    with_id(resume, "of the run");
    with_reason(resume, true);
    CLI::App* resolve = add_run_verb(*run, "resolve", "answer what became of an effect that nobody can tell",
                                     "  watchbill run resolve ID --step 2 --answer done --reason \"it is up, I looked\"\n"
                                     "  watchbill run resolve ID --step 2 --answer leave --reason \"by hand\"",
                                     run_resolve);
    with_id(resolve, "of the run");
    with_reason(resolve, true);
    resolve->add_option("--step", parsed_.run.step, "its path")->required();
    resolve->add_option("--answer", parsed_.run.answer, "what happened")
        ->required()
        ->check(CLI::IsMember({"done", "not_done", "leave"}));
  }

  void add_approvals() {
    CLI::App* plan = add(app_, "plan", "show resolved plans",
                         "  watchbill plan show run-01JD0000000000000000000099\n  watchbill plan show sha256:41c0…", {});
    plan->require_subcommand(1);
    with_id(add_run_verb(*plan, "show", "the steps of a plan, with their ways back",
                         "  watchbill plan show run-01JD0000000000000000000099\n  watchbill plan show sha256:41c0… -o json",
                         plan_show),
            "the digest of the plan, or a run of it");
    add_run_verb(*plan, "list", "the plans of runs and those that are suggested, with the command that takes each",
                 "  watchbill plan list\n  watchbill plan list -o json", plan_list);
    CLI::App* diff = add_run_verb(*plan, "diff", "where two plans differ; exit 1 when they do",
                                  "  watchbill plan diff sha256:41c0… sha256:9d2e…\n  watchbill plan diff run-01JD… run-01JE…",
                                  plan_diff);
    diff->add_option("A", parsed_.run.subject, "the digest of a plan, or a run of it")->required();
    diff->add_option("B", parsed_.run.other, "the other one")->required();
    CLI::App* yes = add_run_verb(app_, "approve", "say yes to the plan of a run, or no",
                                 "  watchbill approve ID --digest sha256:41c0…\n"
                                 "  watchbill approve ID --reject --reason \"not before Monday\"",
                                 approve);
    with_id(yes, "of the run");
    with_reason(yes, false);
    yes->add_option("--digest", parsed_.run.digest, "of the plan that you have read; needed for a yes");
    yes->add_flag("--reject", parsed_.run.rejects, "no: the run ends");
    yes->add_flag("--withdraw", parsed_.run.withdraws, "take your own yes back");
    yes->add_flag("--accept-irreversible", parsed_.run.accepts_irreversible, "some steps cannot be taken back");
    CLI::App* cancel = add_run_verb(app_, "cancel", "end a run at its next safe point and take back what it did",
                                    "  watchbill cancel ID --reason \"wrong host\"\n  watchbill cancel ID -o json", run_cancel);
    with_id(cancel, "of the run");
    with_reason(cancel, false);
  }

  void add_journal() {
    CLI::App* journal = add(
        app_, "journal", "list, follow, export, back up and restore the journal",
        "  watchbill journal list --data ./data --type HoldSet\n  watchbill journal export --data ./data > journal.jsonl", {});
    journal->require_subcommand(0, 1);
    journal->callback([this, journal] {
      if (!journal->get_subcommands().empty()) return;
      parsed_.verb = [this](Terminal& terminal) { return journal_list(terminal, world_, parsed_.journal); };
    });
    add_data(journal, parsed_.journal.data);
    const auto with_filters = [this](CLI::App* sub) {
      add_data(sub, parsed_.journal.data);
      sub->add_option("--since", parsed_.journal.since, "the first record")->check(CLI::PositiveNumber);
      sub->add_option("--type", parsed_.journal.type, "only events of this type");
      sub->add_option("--area", parsed_.journal.area, "only events of this area");
    };
    with_filters(add(*journal, "list", "print the events of all records",
                     "  watchbill journal list --since 4000\n  watchbill journal list --area control -o json",
                     [this](Terminal& terminal) { return journal_list(terminal, world_, parsed_.journal); }));
    with_filters(add(*journal, "follow", "print events as they are recorded, until interrupted",
                     "  watchbill journal follow\n  watchbill journal follow --type NotificationFailed -o json",
                     [this](Terminal& terminal) { return journal_follow(terminal, world_, parsed_.journal); }));
    CLI::App* exported = add(*journal, "export", "print the bytes of all records and blobs as JSON lines",
                             "  watchbill journal export > journal.jsonl\n"
                             "  watchbill journal export | jq -j 'select(.header) | .header' | sha256sum",
                             [this](Terminal& terminal) { return journal_export(terminal, world_, parsed_.journal); });
    add_data(exported, parsed_.journal.data);
    exported->add_option("--since", parsed_.journal.since, "the first record")->check(CLI::PositiveNumber);
    CLI::App* backup =
        add(*journal, "backup", "copy the journal to an empty directory, verified",
            "  watchbill journal backup /backup/watchbill-monday\n  watchbill journal backup DIR --data /var/lib/watchbill",
            [this](Terminal& terminal) { return journal_backup(terminal, world_, parsed_.journal.data, parsed_.directory); });
    add_data(backup, parsed_.journal.data);
    backup->add_option("DIR", parsed_.directory, "where the copy goes")->required();
    CLI::App* restore =
        add(*journal, "restore", "fill an empty data directory from a backup and begin a new lineage",
            "  watchbill journal restore /backup/watchbill-monday --data ./data\n  watchbill verify --data ./data",
            [this](Terminal& terminal) { return journal_restore(terminal, world_, parsed_.journal.data, parsed_.directory); });
    add_data(restore, parsed_.journal.data);
    restore->add_option("DIR", parsed_.directory, "the backup")->required();
  }

  void add_evidence() {
    CLI::App* check = add(app_, "verify", "verify the journal's hash chain and name the first bad record",
                          "  watchbill verify --data ./data\n  watchbill verify --data ./data --trust witnessed-headers.txt",
                          [this](Terminal& terminal) { return cli::verify(terminal, world_, parsed_.verify); });
    add_data(check, parsed_.verify.data);
    check->add_option("--trust", parsed_.verify.trust_file, "record headers that a witness outside has kept, one a line");
    CLI::App* again = add(app_, "replay", "apply the journal again and compare states; --decide also decides again",
                          "  watchbill replay --data ./data\n  watchbill replay --data ./data --decide",
                          [this](Terminal& terminal) { return cli::replay(terminal, world_, parsed_.replay); });
    add_data(again, parsed_.replay.data);
    again->add_option("--to", parsed_.replay.to, "the last record to apply")->check(CLI::PositiveNumber);
    again->add_flag("--decide", parsed_.replay.decide, "decide every recorded cause again and list what differs");
    CLI::App* explain = add(app_, "why", "explain a record or everything that happened to an object",
                            "  watchbill why 4107\n  watchbill why WebDown --data ./data",
                            [this](Terminal& terminal) { return cli::why(terminal, world_, parsed_.why); });
    add_data(explain, parsed_.why.data);
    explain
        ->add_option("ID", parsed_.why.id,
                     "a record's number, any id that watchbill printed, or the name of an alert, binding or runbook")
        ->required();
    explain->add_flag("--samples", parsed_.why.samples, "all samples that a decision rests on, not the last four of each series");
  }

  void add_simulate() {
    CLI::App* sub = add(app_, "simulate", "run seeded worlds with faults against every checker",
                        "  watchbill simulate --seeds 1000\n  watchbill simulate --seeds 20 --plant disk_lies_about_sync",
                        [this](Terminal& terminal) { return program_.simulate(terminal, parsed_.simulate); });
    sub->add_option("--seeds", parsed_.simulate.seeds, "how many worlds")->check(CLI::PositiveNumber)->capture_default_str();
    sub->add_option("--seed", parsed_.simulate.seed, "only this world, with its timeline");
    sub->add_option("--first-seed", parsed_.simulate.first_seed, "the first of --seeds")->capture_default_str();
    sub->add_option("--plant", parsed_.simulate.plant, "plant this fault: a checker must find it (exit 1)");
    sub->add_flag("--list-plants", parsed_.simulate.list_plants, "print the names of all planted faults");
  }

  void add_completion() {
    CLI::App* sub = add(app_, "completion", "print the completion script of a shell",
                        "  source <(watchbill completion bash)\n"
                        "  watchbill completion bash > /etc/bash_completion.d/watchbill",
                        [this](Terminal& terminal) { return completion(terminal, words(), parsed_.shell); });
    sub->add_option("SHELL", parsed_.shell, "bash")->required();
  }

  // "verb", "verb sub-verb" and their flags, for completion: "journal list --since".
  [[nodiscard]] std::vector<std::string> words() const {
    std::vector<std::string> lines;
    const std::function<void(const CLI::App*, const std::string&)> collect = [&](const CLI::App* app, const std::string& path) {
      for (const CLI::App* sub : app->get_subcommands({})) {
        const std::string name = path.empty() ? sub->get_name() : path + " " + sub->get_name();
        lines.push_back(name);
        for (const CLI::Option* option : sub->get_options())
          for (const std::string& flag : option->get_lnames()) lines.push_back(name + " --" + flag);
        collect(sub, name);
      }
    };
    collect(&app_, "");
    return lines;
  }

  int complain(const CLI::ParseError& error, int argument_count, char** arguments) {
    Terminal terminal(stdout, stderr, Format::table, has_colors(false));
    terminal.complain(error.what());
    for (int i = 1; i < argument_count; ++i)
      if (const std::string instead = instead_of(arguments[i]); !instead.empty()) terminal.complain(instead);
    std::vector<std::string> known;
    for (const CLI::App* sub : app_.get_subcommands({})) known.push_back(sub->get_name());
    if (argument_count > 1 && arguments[1][0] != '-' && std::find(known.begin(), known.end(), arguments[1]) == known.end()) {
      std::vector<std::string_view> views(known.begin(), known.end());
      if (const std::string_view nearest = nearest_spelling(arguments[1], views); !nearest.empty())
        terminal.complain("did you mean `watchbill " + std::string(nearest) + "`?");
    }
    std::fputs("  watchbill --help lists all verbs; watchbill VERB --help shows two examples\n", stderr);
    return static_cast<int>(ExitCode::usage);
  }

  World& world_;
  const ProgramVerbs& program_;
  Parsed parsed_;
  CLI::App app_{"watchbill: every alert has an action, every action has a way back, every step leaves evidence"};
};

}  // namespace

int run(int argument_count, char** arguments, World& world, const ProgramVerbs& program) {
  return CommandLine(world, program).run(argument_count, arguments);
}

}  // namespace watchbill::cli
