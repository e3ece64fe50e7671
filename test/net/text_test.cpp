#include <gtest/gtest.h>

#include "drivers/net/gzip.h"
#include "drivers/net/message.h"
#include "drivers/net/origin.h"
#include "drivers/net/router.h"
#include "drivers/net/url.h"

namespace watchbill::drivers::net {
namespace {

TEST(percent, decodes_and_refuses_half_escapes) {
  EXPECT_EQ(decode_percent("a%2Fb%c3%a4+", false), "a/b\xc3\xa4+");
  EXPECT_EQ(decode_percent("a+b%2B", true), "a b+");
  for (const char* text : {"%", "%2", "%zz", "a%2", "%%41"}) EXPECT_FALSE(decode_percent(text, false)) << text;
}

TEST(user_of_a_url, is_taken_out_and_sent_as_basic_authentication) {
  const auto apart = [](std::string_view url) {
    const std::optional<UserUrl> out = split_user(url);
    return out ? out->url + " " + out->authorization : "none";
  };
  EXPECT_EQ(apart("https://ana:p%40ss@host:1/a@b?c@d"), "https://host:1/a@b?c@d Basic YW5hOnBAc3M=");
  EXPECT_EQ(apart("http://ana@host"), "http://host Basic YW5hOg==");
  EXPECT_EQ(apart("http://host/x@y"), "http://host/x@y ");
  EXPECT_EQ(apart("http://a%zz@host"), "none");
}

TEST(parameters, keep_order_and_repetition) {
  EXPECT_EQ(parse_parameters("a=1&b=&c&&a=2&=x"),
            (ports::HttpParameters{{"a", "1"}, {"b", ""}, {"c", ""}, {"a", "2"}, {"", "x"}}));
  EXPECT_EQ(parse_parameters("a=b=c;d"), (ports::HttpParameters{{"a", "b=c;d"}}));
  EXPECT_EQ(parse_parameters(""), ports::HttpParameters{});
  EXPECT_FALSE(parse_parameters("a=%4"));
}

TEST(parameters, have_a_bound) {
  std::string text;
  for (std::size_t i = 0; i < parameter_count_max; ++i) text += "a&";
  EXPECT_EQ(parse_parameters(text)->size(), parameter_count_max);
  EXPECT_FALSE(parse_parameters(text + "a"));
}

TEST(target, is_a_path_or_a_whole_url) {
  EXPECT_EQ(parse_target("/a%2Fb?x=1#y")->path, "/a%2Fb");
  EXPECT_EQ(parse_target("/a?x=%20")->query, (ports::HttpParameters{{"x", " "}}));
  EXPECT_EQ(parse_target("http://Example.org:8080/a?b")->authority, "example.org:8080");
  EXPECT_EQ(parse_target("http://example.org")->path, "/");
  EXPECT_EQ(parse_target("//a//b")->path, "//a//b");
  for (const char* text : {"", "*", "a", "host:443", "/a b", "/%", "/%00", "/a?%", "ftp://a/"})
    EXPECT_FALSE(parse_target(text)) << text;
  EXPECT_FALSE(parse_target(std::string_view{"/a\0b", 4}));
}

TEST(url, reads_what_calls_need) {
  const std::optional<Url> url = parse_url("HTTPS://Ops.Example.org/a/b?c#d");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_tls);
  EXPECT_EQ(url->host, "ops.example.org");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a/b?c");
  EXPECT_EQ(url->authority(), "ops.example.org");
  EXPECT_EQ(parse_url("http://[::1]:9100?x")->target, "/?x");
  EXPECT_EQ(parse_url("http://[::1]:9100")->authority(), "[::1]:9100");
  EXPECT_EQ(parse_url("https://a:80/")->authority(), "a:80");
  for (const char* text :
       {"", "http://", "http:///a", "http://a:0/", "http://a:65536/", "http://a:/", "http://u@a/", "http://u:p@a/", "http://a b/",
        "http://a/\r\nHost: b", "file:///etc/passwd", "http://[::1", "http://[]/", "http://[::1]x/", "a.example/", "http://ä/"})
    EXPECT_FALSE(parse_url(text)) << text;
  EXPECT_FALSE(parse_url("http://a/" + std::string(9000, 'x')));
}

TEST(url, a_location_is_seen_from_where_it_came) {
  const Url base = *parse_url("https://a.example/x/y?z");
  EXPECT_EQ(resolve_location(base, "/b")->authority(), "a.example");
  EXPECT_EQ(resolve_location(base, "/b#c")->target, "/b");
  EXPECT_EQ(resolve_location(base, "//c.example/d")->host, "c.example");
  EXPECT_TRUE(resolve_location(base, "//c.example/d")->is_tls);
  EXPECT_FALSE(resolve_location(base, "http://c.example:81/d")->is_tls);
  EXPECT_FALSE(resolve_location(base, "relative"));
  EXPECT_FALSE(resolve_location(base, ""));
  EXPECT_FALSE(resolve_location(base, "/a\r\nb"));
}

TEST(origin, ipv6_and_ports_left_out) {
  const std::vector<OwnOrigin> own{*OwnOrigin::parse("http://[::1]:80"), *OwnOrigin::parse("https://ops.example")};
  EXPECT_FALSE(check_origin("GET", "[::1]", {}, own));
  EXPECT_FALSE(check_origin("GET", "[::1]:80", {}, own));
  EXPECT_FALSE(check_origin("GET", "ops.example:443", {}, own));
  EXPECT_EQ(check_origin("GET", "ops.example:80", {}, own), OriginRefusal::host_not_allowed);
  EXPECT_EQ(check_origin("GET", "", {}, own), OriginRefusal::host_not_allowed);
  EXPECT_EQ(check_origin("GET", "ops.example.evil", {}, own), OriginRefusal::host_not_allowed);
  EXPECT_EQ(check_origin("GET", "ops.example", {}, {}), OriginRefusal::host_not_allowed)
      << "who owns nothing is called by nobody";
}

TEST(origin, writing_needs_one_of_ours_or_none) {
  const std::vector<OwnOrigin> own{*OwnOrigin::parse("https://ops.example")};
  const auto check = [&](const char* method, std::vector<std::string> origins) {
    ports::HttpFields fields;
    for (std::string& origin : origins) fields.push_back({"origin", std::move(origin)});
    return check_origin(method, "ops.example", fields, own);
  };
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "BREW"}) {
    EXPECT_FALSE(check(method, {}));
    EXPECT_FALSE(check(method, {"https://ops.example"}));
    for (const char* foreign :
         {"https://evil.example", "http://ops.example", "https://ops.example:444", "null", "", "https://ops.example/x"})
      EXPECT_EQ(check(method, {foreign}), OriginRefusal::origin_not_allowed) << method << " " << foreign;
    EXPECT_EQ(check(method, {"https://ops.example", "https://evil.example"}), OriginRefusal::origin_not_allowed);
  }
  EXPECT_FALSE(check("GET", {"https://evil.example"}));
  EXPECT_FALSE(check("HEAD", {"https://evil.example"}));
}

Router sample_router() {
  Router router;
  const auto nothing = [](ports::HttpRequest, std::unique_ptr<ports::HttpResponder>) {};
  for (const auto& [method, pattern] :
       {std::pair{"GET", "/"}, {"GET", "/workloads"}, {"GET", "/workloads/{name}"}, {"POST", "/workloads/{name}/start"},
        {"GET", "/hold"}, {"PUT", "/hold"}, {"DELETE", "/hold"}, {"POST", "/agents/join-tokens"}, {"GET", "/agents/{name}/drain"},
        {"PUT", "/metrics/job/{rest...}"}, {"GET", "/metrics/job/known"}})
    router.add({.method = method, .pattern = pattern, .handler = nothing});
  return router;
}

TEST(router, finds_the_most_literal_route) {
  const Router router = sample_router();
  EXPECT_EQ(router.find("GET", "/").route->pattern, "/");
  EXPECT_EQ(router.find("GET", "/workloads/web").path_parameters, (ports::HttpParameters{{"name", "web"}}));
  EXPECT_EQ(router.find("GET", "/workloads/a%2Fb").path_parameters, (ports::HttpParameters{{"name", "a/b"}}));
  EXPECT_EQ(router.find("POST", "/agents/join-tokens").route->pattern, "/agents/join-tokens");
  EXPECT_EQ(router.find("GET", "/agents/join-tokens/drain").path_parameters, (ports::HttpParameters{{"name", "join-tokens"}}));
  EXPECT_EQ(router.find("PUT", "/metrics/job/a/instance/b%2Fc").path_parameters,
            (ports::HttpParameters{{"rest", "a/instance/b%2Fc"}}));
  EXPECT_EQ(router.find("GET", "/metrics/job/known").route->pattern, "/metrics/job/known");
  EXPECT_TRUE(router.find("HEAD", "/hold").is_head);
  for (const char* path : {"/workload", "/workloads/", "/workloads//start", "/workloads/web/", "//", "/agents", "/metrics/job"})
    EXPECT_EQ(router.find("GET", path).route, nullptr) << path;
}

TEST(router, a_known_path_with_another_method_lists_what_is_allowed) {
  const Router router = sample_router();
  EXPECT_EQ(router.find("POST", "/hold").allow, "DELETE, GET, HEAD, PUT");
  EXPECT_EQ(router.find("HEAD", "/workloads/web/start").allow, "POST");
  EXPECT_EQ(router.find("GET", "/nowhere").allow, "");
}

TEST(router, too_many_segments_fit_nothing) {
  std::string path = "/metrics/job";
  for (std::size_t i = 2; i < path_segments_max; ++i) path += "/x";
  const Router router = sample_router();
  EXPECT_NE(router.find("PUT", path).route, nullptr);
  EXPECT_EQ(router.find("PUT", path + "/x").route, nullptr);
  EXPECT_EQ(router.find("PUT", path + std::string(1000, '/')).route, nullptr);
}

TEST(router, names_the_path_that_was_meant) {
  const Router router = sample_router();
  EXPECT_EQ(router.nearest("/worklods"), "/workloads");
  EXPECT_EQ(router.nearest("/worklods/web/start"), "/workloads/web/start");
  EXPECT_EQ(router.nearest("/workloads/web/strat"), "/workloads/web/start");
  EXPECT_EQ(router.nearest("/workloads/"), "/workloads");
  EXPECT_EQ(router.nearest("/Hold"), "/hold");
  for (const char* path : {"/completely/different", "/x/y/z", "/xyzzy", "/worklods/web/strat"})
    EXPECT_EQ(router.nearest(path), "") << path;
}

TEST(router, lists_its_routes) {
  std::string text;
  for (const Router::Listed& route : sample_router().routes()) text += route.method + " " + route.pattern + "\n";
  EXPECT_EQ(
      text,
      "GET /\nPOST /agents/join-tokens\nGET /agents/{name}/drain\nDELETE /hold\nGET /hold\nPUT /hold\nGET /metrics/job/known\n"
      "PUT /metrics/job/{rest...}\nGET /workloads\nGET /workloads/{name}\nPOST /workloads/{name}/start\n");
}

TEST(message, a_handler_cannot_smuggle_headers_or_open_the_house_to_others) {
  ports::HttpResponse response;
  response.headers = {{"Location", "/a\r\nSet-Cookie: x"}, {"Access-Control-Allow-Origin", "*"}, {"Content-Length", "7"},
                      {"Bad Name", "x"},                   {"Cache-Control", "max-age=60"}};
  const std::string head = write_head(response, HeadRules{.body_bytes = 0, .date = "D"});
  EXPECT_NE(head.find("Location: /a  Set-Cookie: x\r\n"), std::string::npos) << head;
  for (const char* never : {"Access-Control", "Content-Length: 7", "Bad Name", "no-store"})
    EXPECT_EQ(head.find(never), std::string::npos) << head;
}

TEST(message, dates_are_http_dates) {
  EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date(951827696), "Tue, 29 Feb 2000 12:34:56 GMT");
}

TEST(gzip, is_sent_to_whom_accepts_it) {
  for (const char* yes : {"gzip", "deflate, gzip", "gzip;q=0.1", "*", "GZIP", " gzip ; q=1 ", "br;q=1, *;q=0.2"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const char* no : {"", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "br", "gzipx"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

}  // namespace
}  // namespace watchbill::drivers::net
