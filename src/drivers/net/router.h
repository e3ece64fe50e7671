// Method and path to handler: one table for dispatch, 404, 405 and the list that OpenAPI is made of.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ports/http.h"

namespace watchbill::drivers::net {

// Built once, then only read: safe from any thread.
class Router {
 public:
  Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  // Patterns are code: a malformed one (see ports::HttpRoute) or one that is there already is a bug and asserts. Two patterns
  // that differ in the name of a parameter only are the same.
  void add(ports::HttpRoute route);

  struct Found {
    const ports::HttpRoute* route{nullptr};  // null: nothing fits
    ports::HttpParameters path_parameters;   // decoded
    bool is_head{false};                     // a GET route found for HEAD
    std::string allow;                       // when another method would fit: "GET, HEAD, POST"; else empty
  };
  // `path` is encoded and starts with '/', as in Target. A segment is decoded only after the split: `a%2Fb` is one segment.
  [[nodiscard]] Found find(std::string_view method, std::string_view path) const;

  // A known path that differs from `path` by the spelling of one segment, or by a slash at its end; "" when there is none.
  [[nodiscard]] std::string nearest(std::string_view path) const;

  struct Listed {
    std::string method;
    std::string pattern;
  };
  // Every route, by pattern, then method.
  [[nodiscard]] std::vector<Listed> routes() const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::string> patterns_;  // distinct, sorted
};

inline constexpr std::size_t path_segments_max = 32;  // a longer path fits no route

// The answers to a path that fits nothing, and to a method that does not.
[[nodiscard]] ports::HttpResponse refuse_unknown_path(const Router& router, std::string_view path);
[[nodiscard]] ports::HttpResponse refuse_method(std::string_view method, std::string_view path, std::string_view allow);

}  // namespace watchbill::drivers::net
