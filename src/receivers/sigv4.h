// AWS Signature Version 4. Source: the AWS General Reference, "Signing AWS API requests".
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "ports/http.h"

namespace watchbill::receivers {

struct SigningKey {
  std::string access_key;
  std::string secret_key;
  std::string region;   // "eu-west-1"
  std::string service;  // "sns"
};

// What is signed of a request. The far side computes it anew: all of it must arrive as it is here.
struct SignedRequest {
  std::string method;
  std::string path;           // encoded, at least "/"
  std::string query;          // encoded, its parameters in order of their bytes
  ports::HttpFields headers;  // those that count, at least Host and X-Amz-Date
  std::string body;
};

// "20150830T123600Z": the value of X-Amz-Date.
[[nodiscard]] std::string amazon_time(Instant instant);

// The value of Authorization. `time` as X-Amz-Date says it.
[[nodiscard]] std::string signature_v4(const SigningKey& key, const SignedRequest& request, std::string_view time);

}  // namespace watchbill::receivers
