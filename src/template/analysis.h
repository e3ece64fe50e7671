// What can be said of a template without data: whether the names that it uses can exist, and which parts of the data it reads.
// Pure; may be called on any thread. Conservative where a value's shape cannot be known (answers of functions, variables
// assigned with
// `=`): such names are not complained about, and everything that flows into them counts as read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "template/template.h"

namespace watchbill::text_template {

// Which names exist below a value.
class Shape {
 public:
  enum class Kind : std::uint8_t {
    anything,  // nothing is known: every name is allowed
    leaf,      // text, a number: has no names
    record,    // exactly these names: `.Labels`, `.Params` with known parameters
    keys,      // any name, each of one shape: `$labels`, `.Captured`
    list,      // elements of one shape
  };
  using Names = std::vector<std::pair<std::string, Shape>>;

  Shape() = default;  // anything
  [[nodiscard]] static Shape leaf() { return Shape(Kind::leaf); }
  [[nodiscard]] static Shape record(Names names);
  [[nodiscard]] static Shape keys(Shape element);
  // `methods` are names that stand beside the elements or keys: .Alerts.Firing, .CommonLabels.SortedPairs.
  [[nodiscard]] static Shape list(Shape element);
  [[nodiscard]] Shape with_methods(Names methods) const;

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  // The shape under a name, or null when the name cannot exist.
  [[nodiscard]] const Shape* find(std::string_view name) const noexcept;
  // The shape of elements (of keys and list), or null.
  [[nodiscard]] const Shape* element() const noexcept { return element_.get(); }
  [[nodiscard]] std::vector<std::string_view> names() const;

 private:
  explicit Shape(Kind kind) : kind_(kind) {}

  Kind kind_{Kind::anything};
  std::shared_ptr<const Names> names_;  // of a record; else methods
  std::shared_ptr<const Shape> element_;
};

// A name that cannot exist, a template that is not defined. `error` is in the form that template.h describes.
struct Finding {
  std::uint32_t line{1};
  std::uint32_t column{1};
  Error error;
};

// A part of the data that is read: ".Params.workload", ".Captured.web", "." where the whole of it is printed or passed to a
// function. A key that is computed and the elements of a list are "*": ".Alerts.*.Labels.job". In Place::rule `$labels.job` is
// ".Labels.job".
struct Read {
  std::string path;
  std::uint32_t line{1};
  std::uint32_t column{1};
};

struct Analysis {
  std::vector<Finding> findings;  // in the order of execution, each place once
  std::vector<Read> reads;        // likewise
};

// Looks at `text` and the templates that it calls, with `data` as the shape of dot. At most 10 000 parts are looked at, so a
// pile of templates that call each other ends; what lies beyond is neither found nor read, and `findings` then says so.
[[nodiscard]] Analysis analyse(const Template& text, const Shape& data);

// The first finding as an error.
[[nodiscard]] Status check(const Template& text, const Shape& data);

// True when one of the reads is `path` or lies below or above it: ".Params" is touched by ".Params.workload" and by ".".
[[nodiscard]] bool reads(const Analysis& analysis, std::string_view path);

}  // namespace watchbill::text_template
