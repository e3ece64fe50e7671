// Walks the paths of an area and writes what each command gives in each state as text that a person reads: the golden files of
// test/data/core. One cell is one line, with further events below it:
//
//   operator: set all                        => HoldSet by=operator reason=disks scope=all
//
// Times are written from the walk's beginning ("+2s"), ids and digests by the names the walk has given them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/process.h"

namespace watchbill::core {

class PathWalk {
 public:
  State state;
  Seen seen;
  Limits limits;
  Instant now{1'772'366'400'000};  // from here on times are counted

  // A line of its own above the cells that follow.
  void section(std::string_view title);
  // Text of this kind (an id, a digest) is written as `name` from now on.
  void name(const std::string& text, std::string_view name);

  // One cell: what the command gives in the present state, which stays as it is.
  void cell(const Actor& actor, std::string_view label, const CommandBody& body);
  // Cells of commands that are alike, each with the end of its label: one line when all of them give the same.
  void cells(const Actor& actor, std::string_view label, const std::vector<std::pair<std::string_view, CommandBody>>& bodies);
  // One cell that happens: decided, recorded and applied, request id and counted refusals included.
  Processed take(const Actor& actor, std::string_view label, const CommandBody& body, std::string_view request = {});
  // The same without a cell: how the state of a section comes about.
  Processed prepare(const Actor& actor, const CommandBody& body, std::string_view request = {});
  // Meets the deadlines that are due, each a cell that happens.
  void meet_deadlines();

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void write(const Actor& actor, std::string_view label, const std::vector<std::string>& lines);
  [[nodiscard]] std::vector<std::string> lines_of(const Actor& actor, const CommandBody& body) const;

  std::string text_;
  std::map<std::string, std::string> names_;
};

[[nodiscard]] Actor caller(std::string name, std::vector<std::string> roles);

// Fails with both texts when test/data/core/NAME is not `actual`; the actual text is kept as a file that the failure names.
void expect_golden(const std::string& name, const std::string& actual);

}  // namespace watchbill::core
