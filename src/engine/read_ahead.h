// Walks the records of a journal, each checked before it is used; a second thread may read and check ahead of who uses them.
#pragma once

#include <functional>
#include <optional>

#include "engine/checked_record.h"
#include "ports/journal.h"

namespace watchbill::engine {

// On which thread records are read and checked.
enum class Reading : std::uint8_t {
  in_turns,  // the caller's, each before it is used: simulation, and whoever has a thread to lose
  ahead,     // one of its own, a few thousand records ahead of the caller's: a start takes little longer than its slower half
};

// Calls use(record) on the caller's thread for the records behind `head` up to `to`, in order, until it gives a failure; gives
// that one, or why the next record cannot be read. `journal` is used by nobody else until then.
[[nodiscard]] std::optional<RecoveryFailure>
each_checked(ports::JournalPort& journal, const ChainHead& head, Sequence to, Reading reading,
             const std::function<std::optional<RecoveryFailure>(const CheckedRecord&)>& use);

}  // namespace watchbill::engine
