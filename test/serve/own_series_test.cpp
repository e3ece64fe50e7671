// What the store has of ourselves and of this host, though nobody reads it but people.
#include <gtest/gtest.h>

#include "serve/folder.h"

namespace watchbill::serve_test {
namespace {

class own_series : public ServedFolder {
 protected:
  // The number of series that an instant query finds.
  static std::size_t count(const Controller& controller, const std::string& query) {
    const JsonValue answer = controller.ask({"GET", "/api/v1/query?query=" + query, {}, {}, {}, {}}).json();
    const JsonValue* data = answer.find("data");
    const JsonValue* result = data == nullptr ? nullptr : data->find("result");
    return result == nullptr ? 0 : result->as_array()->size();
  }
  static bool comes(const Controller& controller, const std::string& query) {
    return eventually([&] { return count(controller, query) > 0; });
  }
};

TEST_F(own_series, a_bill_keeps_all_of_its_own_and_of_the_host) {
  write("watchbill.yaml", "watchbill: 1\n");
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_TRUE(comes(controller, "watchbill_journal_head_sequence%7Bjob=%22watchbill%22%7D"));
  EXPECT_TRUE(comes(controller, "process_resident_memory_bytes"));
  EXPECT_TRUE(comes(controller, "node_memory_MemTotal_bytes%7Bjob=%22node%22%7D"));
  EXPECT_EQ(count(controller, "watchbill_refusals_total==0"), 0U) << "a series for each refusal that never happened";
  EXPECT_EQ(count(controller, "up%7Bjob=~%22node|watchbill%22%7D==1"), 2U);
}

TEST_F(own_series, a_rule_that_reads_refusals_gets_those_that_never_happened) {
  write("rules.yml", "groups: [{name: g, rules: [{record: refusals, expr: 'increase(watchbill_refusals_total[5m])'}]}]\n");
  write("watchbill.yaml", "watchbill: 1\nrule_files: [rules.yml]\n");
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_TRUE(comes(controller, "watchbill_refusals_total==0"));
}

TEST_F(own_series, a_neighbours_file_keeps_only_what_a_rule_reads) {
  write("rules.yml", "groups: [{name: g, rules: [{alert: A, expr: 'node_load1 > 1e9'}]}]\n");
  write("prometheus.yml", "global: {}\nrule_files: [rules.yml]\n");
  const Controller controller(path("data"), {"--prometheus.config", path("prometheus.yml")});
  ASSERT_TRUE(controller.is_serving());
  EXPECT_TRUE(comes(controller, "node_load1"));
  EXPECT_EQ(count(controller, "%7Bjob=%22watchbill%22%7D"), 0U) << "`up` finds what it finds there";
  EXPECT_EQ(count(controller, "%7B__name__=~%22node_.%2B%22%7D"), 1U);
}

}  // namespace
}  // namespace watchbill::serve_test
