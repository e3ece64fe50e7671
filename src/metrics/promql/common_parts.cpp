#include "metrics/promql/common_parts.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "metrics/promql/ast_walk.h"
#include "metrics/promql/evaluation.h"
#include "metrics/promql/print.h"

namespace watchbill::metrics::promql {

// Labels of series are those of the snapshot, of the run that made them, or of the values of smaller parts that this run was
// given: the first two live as long as this, all of them as long as the CommonValues.
struct CommonValue {
  Value value;
  std::vector<SelectorFound> found;  // of the part's selectors
  std::uint64_t touched{0};
  std::uint64_t label_bytes{0};
  bool lists_found_series{false};
  std::shared_ptr<std::deque<Labels>> labels;
  tsdb::Snapshot snapshot;
};

namespace {

// Walks one expression and notes its parts.
class Finder {
 public:
  struct Part {
    NodeIndex node{no_node};
    std::size_t parent{none};  // in parts(): the nearest larger one
    std::string text;
    std::vector<NodeIndex> selectors;
    bool may_share{true};
  };
  static constexpr std::size_t none = SIZE_MAX;

  Finder(const Expression& expression, const std::function<bool(const VectorSelector&)>& may_share)
      : expression_(expression), may_share_(may_share) {
    visit(expression.root, none, false);
    for (Part& part : parts_) {
      std::sort(part.selectors.begin(), part.selectors.end());
      part.may_share = part.may_share && !part.selectors.empty();
      if (part.may_share) part.text = print(expression_, part.node);
    }
  }
  [[nodiscard]] std::vector<Part>& parts() noexcept { return parts_; }

 private:
  // What is below a subquery is evaluated at other times: no part begins there.
  void visit(NodeIndex index, std::size_t parent, bool is_below_subquery) {
    const Node& node = expression_.at(index);
    if (std::holds_alternative<VectorSelector>(node.of)) return note_selector(index, parent);
    const bool is_part = std::holds_alternative<Binary>(node.of) || std::holds_alternative<Aggregate>(node.of) ||
                         std::holds_alternative<Call>(node.of);
    if (is_part && !is_below_subquery && node.type == ValueType::instant_vector) {
      parts_.push_back(Part{index, parent, {}, {}, true});
      parent = parts_.size() - 1;
    }
    is_below_subquery = is_below_subquery || std::holds_alternative<Subquery>(node.of);
    const Call* const call = std::get_if<Call>(&node.of);
    if (call != nullptr && call->function->id == FunctionId::info) keep_apart(parent);
    each_child(node, [&](NodeIndex child) { visit(child, parent, is_below_subquery); });
  }

  void note_selector(NodeIndex selector, std::size_t part) {
    if (!may_share_(std::get<VectorSelector>(expression_.at(selector).of))) keep_apart(part);
    for (; part != none; part = parts_[part].parent) parts_[part].selectors.push_back(selector);
  }

  // This part and the larger ones around it are not shared.
  void keep_apart(std::size_t part) {
    for (; part != none; part = parts_[part].parent) parts_[part].may_share = false;
  }

  const Expression& expression_;
  const std::function<bool(const VectorSelector&)>& may_share_;
  std::vector<Part> parts_;
};

}  // namespace

CommonParts::CommonParts(std::span<const Expression* const> expressions,
                         const std::function<bool(const VectorSelector&)>& may_share) {
  std::vector<std::vector<Finder::Part>> parts;
  std::map<std::string, std::size_t> places;
  for (const Expression* expression : expressions) {
    parts.push_back(std::move(Finder(*expression, may_share).parts()));
    for (const Finder::Part& part : parts.back())
      if (part.may_share) ++places[part.text];
  }
  // Where the larger part stands as often, it is the one to share.
  std::map<std::string, std::uint32_t> numbers;
  for (const auto& of_one : parts)
    for (const Finder::Part& part : of_one) {
      if (!part.may_share || places[part.text] < 2) continue;
      const bool has_parent = part.parent != Finder::none && of_one[part.parent].may_share;
      if (has_parent && places[of_one[part.parent].text] == places[part.text]) continue;
      numbers.try_emplace(part.text, static_cast<std::uint32_t>(numbers.size()));
    }
  count_ = numbers.size();
  uses_.resize(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (Finder::Part& part : parts[i])
      if (const auto number = numbers.find(part.text); part.may_share && number != numbers.end())
        uses_[i].emplace(part.node, Use{number->second, std::move(part.selectors)});
}

const CommonParts::Use* CommonParts::find(std::size_t expression, NodeIndex node) const noexcept {
  if (expression >= uses_.size()) return nullptr;
  const auto at = uses_[expression].find(node);
  return at == uses_[expression].end() ? nullptr : &at->second;
}

CommonValues::CommonValues(const CommonParts& parts) : values_(parts.count()) {}
CommonValues::~CommonValues() = default;
CommonValues::CommonValues(CommonValues&&) noexcept = default;

// Holds: it is one of this expression.
SelectorFound& Evaluation::found_of(NodeIndex selector) {
  return *std::find_if(answer_.found.begin(), answer_.found.end(),
                       [&](const SelectorFound& found) { return found.node == selector; });
}

Evaluated Evaluation::evaluate_common(const CommonParts::Use& use, NodeIndex index, const Steps& steps) {
  std::unique_ptr<CommonValue>& known = common_.values->values_[use.part];
  if (known && (known->lists_found_series || !options_.lists_found_series)) {
    label_bytes_ += known->label_bytes;
    if (const Done done = touch(known->touched, index); !done) return done.error();
    for (std::size_t i = 0; i < use.selectors.size(); ++i) {
      SelectorFound& found = found_of(use.selectors[i]);
      found = known->found[i];
      found.node = use.selectors[i];
      if (!options_.lists_found_series) found.series.clear();
    }
    return known->value;
  }
  const std::uint64_t touched_before = touched_;
  const std::uint64_t label_bytes_before = label_bytes_;
  const std::uint64_t remarks_before = remark_count_;
  const std::uint64_t histograms_before = histograms_.size_in_samples();
  Evaluated value = evaluate_part(index, steps);
  if (!value || remark_count_ != remarks_before || histograms_.size_in_samples() != histograms_before) return value;
  if (known) common_.values->replaced_.push_back(std::move(known));
  known = std::make_unique<CommonValue>(CommonValue{*value, {}, touched_ - touched_before, label_bytes_ - label_bytes_before,
                                                    options_.lists_found_series, own_labels_, snapshot_});
  for (const NodeIndex selector : use.selectors) known->found.push_back(found_of(selector));
  return value;
}

}  // namespace watchbill::metrics::promql
