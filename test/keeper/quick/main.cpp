// The keeper as a program, with limits that a test can meet.
#include <cstdlib>
#include <string_view>

#include "keeper/keeper.h"

int main(int argc, char** argv) {
  if (argc >= 2 && std::string_view(argv[1]) == "--diagnose") return watchbill::keeper::print_diagnosis(argc - 2, argv + 2);
  watchbill::keeper::Limits limits;
  limits.idle_exit = watchbill::Duration::milliseconds(300);
  limits.memory_retry = watchbill::Duration::milliseconds(100);
  limits.memory_bytes_slack = 4096;
  limits.outcome_bytes_max = 64U << 10;
  limits.workload_count_max = 8;
  limits.effect_count_max = 4;
  limits.gap_report_every = watchbill::Duration::milliseconds(200);
  return watchbill::keeper::run_keeper({argc > 1 ? argv[1] : "", true, -1}, argv[0], limits);
}
