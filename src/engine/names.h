// What a name that the bill gives, of an alert, binding or runbook, means in the journal: the ids that the story of it goes by.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "model/decide.h"
#include "model/record.h"

namespace watchbill::engine {

// One thing of that name.
struct Meaning {
  std::string id;
  std::string what;    // "alert"; "run"; "suggestion": a plan that was only shown
  std::string detail;  // labels; binding, or who asked
  Instant at;          // when it last became active, or was proposed
};

// Collects the alerts of a name (their bindings have it too) and the runs of a runbook of that name. Records are shown to it in
// the order of the journal.
class Names {
 public:
  explicit Names(std::string name) : name_(std::move(name)) {}

  // Fails (corrupt) when a record cannot be read. A plan that `blobs` does not have means nothing.
  [[nodiscard]] Status take(const StoredRecord& record, const BlobLookup& blobs);
  // Oldest first; of equal times by id.
  [[nodiscard]] std::vector<Meaning> meanings() const;

 private:
  void note(const Event& event, Instant at, const BlobLookup& blobs);
  void note_alert(const AlertId& alert, const Labels& labels, Instant at);
  void note_run(const PlanProposed& event, Instant at, const BlobLookup& blobs);

  std::string name_;
  std::map<std::string, Meaning> meanings_;   // by id
  std::map<Digest, bool> plans_;              // that were met: whether they are of a runbook of this name
};

}  // namespace watchbill::engine
