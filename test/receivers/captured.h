// What a real Alertmanager sent (test/receivers/capture_more.py), and how a test holds a conversation.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "receivers/kinds.h"
#include "receivers/rendering.h"

namespace watchbill::receivers::captured {

struct Request {
  std::string method, path, body;
  std::map<std::string, std::string> headers;
};

// Of one file: the integration as it was configured, the group as its webhook had it, and what was sent.
struct Case {
  std::shared_ptr<Channel> channel;
  Notification notification;
  std::vector<Request> requests;
};

inline constexpr Instant now{1'795'327'200'000};

// Null when it is no JSON, and the test says so.
JsonValue json(std::string_view text);

// The same for texts that mean the same.
std::string canonical(std::string_view text);

std::shared_ptr<Channel> channel(IntegrationKind kind, std::string_view settings, std::map<std::string, std::string> secrets);

Notification notification_of(const JsonValue& payload);

// `name` of test/data/receivers/NAME.json.
Case read_case(IntegrationKind kind, const std::string& name);

// Two alerts of a shop, for the kinds that Alertmanager 0.25 does not have.
Notification shop(std::string_view status);
// SHA-256 of its group key, by `printf '{}:{alertname="WebDown"}' | sha256sum`.
inline constexpr std::string_view shop_hash = "e2accc6ea345ac4f25504784f3ee0911bb2948dd4d74ea1ea9ca0740ecf2ed60";

ports::HttpAnswer answer(std::uint32_t status, std::string body, ports::HttpFields headers = {});

// What no far side should say: a page of HTML, half a JSON, a list, 5 MB.
std::vector<std::string> bad_bodies();

// The call of a step; an empty one, and a failure, when it is none.
ports::HttpCall call_in(const Step& step);
Verdict verdict_in(const Step& step);

std::string header(const ports::HttpCall& call, std::string_view name);

// "http://host/path?query" from its path on.
std::string target_of(std::string_view url);

// The parameters of a form or a query, in order of their names; one that comes twice counts once.
std::map<std::string, std::string> form(std::string_view text);
std::map<std::string, std::string> query_of(std::string_view target);

// A call that posts JSON is what Alertmanager posted.
void expect_same_json(const ports::HttpCall& call, const Request& wanted);

}  // namespace watchbill::receivers::captured
