// A query whose client has gone ends, wherever it is.
#include <gtest/gtest.h>

#include "api/stand.h"

namespace watchbill::api {
namespace {

class query_left : public ::testing::Test {
 protected:
  query_left() {
    for (int i = 0; i < 5'000; ++i)
      EXPECT_TRUE(stand_.head.append(Labels({{"__name__", "up"}, {"instance", std::to_string(i)}}), stand_.desk.now, 1));
  }
  // Begins a query of some 40,000 values.
  Reply ask() { return stand_.ask("/api/v1/query", {{"query", "sum(up + up + up + up + up)"}}); }

  Stand stand_;
};

TEST_F(query_left, while_it_waits_for_its_turn) {
  int looked = 0;
  stand_.is_ending = [&looked] { return ++looked < 0; };
  const Reply reply = ask();
  const int before = looked;
  stand_.has_caller_left = true;
  stand_.run_pool();
  ASSERT_TRUE(*reply);
  EXPECT_EQ((*reply)->status, 503U);
  EXPECT_EQ((*reply)->body, R"({"status":"error","errorType":"canceled","error":"query was canceled: its client ended the )"
                            R"(connection"})"
                            "\n");
  EXPECT_EQ(looked, before) << "nothing was evaluated";
}

TEST_F(query_left, what_waits_is_not_begun_though_it_would_be_done_at_once) {
  const Reply reply = stand_.ask("/api/v1/query", {{"query", "vector(1)"}});
  stand_.has_caller_left = true;
  stand_.run_pool();
  ASSERT_TRUE(*reply);
  EXPECT_EQ((*reply)->status, 503U) << (*reply)->body;
}

TEST_F(query_left, in_the_middle_of_its_evaluation) {
  const Reply reply = ask();
  int looked = 0;
  // The first look inside of the evaluation is the last one.
  stand_.is_ending = [&] {
    ++looked;
    stand_.has_caller_left = true;
    return false;
  };
  stand_.run_pool();
  stand_.is_ending = [] { return false; };
  ASSERT_TRUE(*reply);
  EXPECT_NE((*reply)->body.find(R"("errorType":"canceled")"), std::string::npos) << (*reply)->body;
  EXPECT_EQ(looked, 1);
}

// Whom nobody waits for is not the only one that ends.
TEST_F(query_left, the_same_at_its_deadline_and_when_the_controller_ends) {
  const Reply late = ask();
  stand_.is_ending = [this] {
    stand_.desk.now = stand_.desk.now + Duration::minutes(3);
    return false;
  };
  stand_.run_pool();
  ASSERT_TRUE(*late);
  EXPECT_EQ((*late)->status, 503U);
  EXPECT_NE((*late)->body.find(R"("errorType":"timeout")"), std::string::npos) << (*late)->body;
  const Reply last = ask();
  stand_.is_ending = [] { return true; };
  stand_.run_pool();
  ASSERT_TRUE(*last);
  EXPECT_EQ((*last)->status, 503U) << (*last)->body;
}

TEST_F(query_left, who_stays_is_answered) {
  const Reply reply = ask();
  stand_.run_pool();
  ASSERT_TRUE(*reply);
  EXPECT_NE((*reply)->body.find(R"("25000")"), std::string::npos) << (*reply)->body;
}

}  // namespace
}  // namespace watchbill::api
