#include "config/remote_write.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/ascii.h"
#include "config/http_client.h"
#include "config/relabel.h"
#include "config/secrets.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

struct RemoteKeys {
  ClientKeys client;
  RemoteWriteConfiguration out;
};

bool is_header_name(std::string_view name) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 13> names{
      "host", "content-encoding", "content-length", "content-type", "user-agent", "connection", "keep-alive",
      "proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding", "x-prometheus-remote-write-version",
      "x-prometheus-remote-read-version"};
  return std::find(names.begin(), names.end(), lowered(name)) != names.end();
}

void read_header(const Cursor& at, std::string& out) {
  read(at, out);
  check_secret(at);
  const std::string name(at.name());
  if (!is_header_name(name)) return at.complain("out_of_range", "this is no name of a header");
  if (lowered(name) == "authorization")
    return at.complain("out_of_range", "this header is written as basic_auth, authorization or bearer_token_file");
  if (is_reserved(name)) return at.complain("out_of_range", fmt::format("{} is a header of the protocol itself", name));
  if (std::any_of(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    at.complain("out_of_range", "expected text without control characters");
}

void read_headers(const Cursor& at, RemoteKeys& keys) { read_named<std::string, read_header>(at, keys.out.headers); }

// Nobody asks a POST to go elsewhere by accident: following it would send the samples to whoever answers there.
void read_redirects(const Cursor& at, RemoteKeys&) {
  bool follows = false;
  read(at, follows);
  if (follows) at.complain("not_yet_supported", "a request that writes follows no redirect: write the URL where it ends");
}

using Q = RemoteQueueConfiguration;
constexpr auto queue = table<Q>(
    "remote_write[].queue_config",
    optional<&Q::capacity, read_between<1, 10'000'000, std::uint64_t>>("capacity", "number", "2500",
                                                                       "samples in memory for each shard, about"),
    optional<&Q::shard_count_max, read_between<1, 10'000, std::uint32_t>>("max_shards", "number", "200",
                                                                          "requests under way; 50 at most, whatever is written"),
    optional<&Q::shard_count_min, read_between<1, 10'000, std::uint32_t>>("min_shards", "number", "1", "with which it begins"),
    optional<&Q::samples_per_request, read_between<1, 100'000, std::uint64_t>>("max_samples_per_send", "number", "500",
                                                                               "of one request"),
    optional<&Q::deadline, read_positive>("batch_send_deadline", "duration", "5s",
                                          "a sample waits no longer for others; the 5s between two flushes of the log count"),
    optional<&Q::backoff_min, read_positive>("min_backoff", "duration", "30ms",
                                             "before a request is tried again; doubled each time"),
    optional<&Q::backoff_max, read_positive>("max_backoff", "duration", "5s", "at least min_backoff"),
    optional<&Q::retries_429>("retry_on_http_429", "truth", "false", "that answer is waited out, else the samples are dropped"),
    later<Q>("sample_age_limit", ""));

void read_queue(const Cursor& at, RemoteKeys& keys) {
  Q& out = keys.out.queue;
  if (!read_object(at, queue, out)) return;
  if (out.shard_count_min > out.shard_count_max)
    at.complain("out_of_range",
                fmt::format("min_shards {} is more than max_shards {}", out.shard_count_min, out.shard_count_max));
  if (out.backoff_min > out.backoff_max)
    at.complain("out_of_range", fmt::format("min_backoff {} is longer than max_backoff {}", format_duration(out.backoff_min),
                                            format_duration(out.backoff_max)));
}

struct MetadataKeys {
  bool are_sent{true};
  RemoteMetadataConfiguration out;
};
void read_interval(const Cursor& at, MetadataKeys& keys) { read_positive(at, keys.out.interval); }
void read_families(const Cursor& at, MetadataKeys& keys) { read_between<1, 100'000>(at, keys.out.families_per_request); }
constexpr auto metadata = table<MetadataKeys>(
    "remote_write[].metadata_config",
    optional<&MetadataKeys::are_sent>("send", "truth", "true", "type, help and unit of families are sent too"),
    whole<MetadataKeys, read_interval>("send_interval", "duration", "1m", "all of them, each time"),
    whole<MetadataKeys, read_families>("max_samples_per_send", "number", "500", "families of one request"));

void read_metadata(const Cursor& at, RemoteKeys& keys) {
  MetadataKeys written;
  if (!read_object(at, metadata, written)) return;
  keys.out.metadata = written.out;
  keys.out.metadata.is_left_out = !written.are_sent;
}

template <auto member, auto reader>
void read_into(const Cursor& at, RemoteKeys& keys) {
  reader(at, keys.out.*member);
}
void read_truth(const Cursor& at, bool& out) { read(at, out); }

using K = RemoteKeys;
using R = RemoteWriteConfiguration;
constexpr auto remote = table<K>(
    "remote_write[]", required(whole<K, read_into<&R::url, read_url>>("url", "URL", "", "POST of remote write 1.0")),
    whole<K, read_into<&R::timeout, read_positive>>("remote_timeout", "duration", "30s", "of one request"),
    whole<K, read_headers>("headers", "map of text", "", "of each request; a value may be env:NAME"),
    whole<K, read_into<&R::relabel, read_relabel_rules>>("write_relabel_configs", "list of rules", "",
                                                         "rewrite the labels of samples, or drop them; after external_labels"),
    whole<K, read_into<&R::name, read_filled>>("name", "text", "",
                                               "in metrics and messages; by it, or else by url, a remote is known again"),
    whole<K, read_into<&R::sends_exemplars, read_truth>>("send_exemplars", "truth", "false",
                                                         "as they come to the store; those of before a start are gone"),
    whole<K, read_into<&R::sends_histograms, read_truth>>("send_native_histograms", "truth", "false", "else they are left out"),
    client_key<K, read_basic_auth>("basic_auth", "settings", "", "as of jobs"),
    client_key<K, read_authorization>("authorization", "settings", "", "as of jobs"),
    client_key<K, read_bearer_token>("bearer_token", "env:NAME", "", "as of jobs"),
    client_key<K, read_bearer_token_file>("bearer_token_file", "path", "", "as of jobs; read at each request"),
    client_key<K, read_proxy_url>("proxy_url", "URL or env:NAME", "", "as of jobs"),
    client_key<K, read_tls_config>("tls_config", "settings", "", "as of jobs"),
    client_key<K, read_enable_http2>("enable_http2", "truth", "true", "as of jobs"),
    whole<K, read_redirects>("follow_redirects", "false", "false", "an answer that redirects is tried again"),
    whole<K, read_queue>("queue_config", "settings", "", "how much at once"),
    whole<K, read_metadata>("metadata_config", "settings", "", "what is known of families"), later<K>("sigv4", ""),
    later<K>("azuread", ""), later<K>("google_iam", ""), later<K>("oauth2", ""),
    later<K>("no_proxy", ""), later<K>("proxy_from_environment", ""),
    later<K>("proxy_connect_header", ""), later<K>("http_headers", ""),
    later<K>("protobuf_message", ""), later<K>("round_robin_dns", ""));

void add_remote(const Cursor& at, std::vector<RemoteWriteConfiguration>& out) {
  constexpr std::size_t remotes_max = 32;  // each has a thread
  RemoteKeys keys;
  if (!read_object(at, remote, keys)) return;
  keys.out.client = settle_client(at, keys.client);
  const auto same = std::find_if(out.begin(), out.end(), [&](const R& each) {
    return each == keys.out || (!each.name.empty() && each.name == keys.out.name);
  });
  if (same != out.end() && !keys.out.name.empty())
    return at.complain("duplicate_name", fmt::format("the remote {} is written twice", keys.out.name));
  if (same != out.end()) return at.complain("duplicate_name", fmt::format("the remote {} is written twice", keys.out.url));
  if (out.size() == remotes_max) return at.complain("out_of_range", fmt::format("expected at most {} remotes", remotes_max));
  out.push_back(std::move(keys.out));
}

}  // namespace

void read_remote_write(const Cursor& at, std::vector<RemoteWriteConfiguration>& out) {
  if (!is_list(at, "remotes")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) add_remote(at.element(i), out);
}

std::vector<TableView> remote_write_tables() { return {remote.view(), queue.view(), metadata.view()}; }

}  // namespace watchbill::config
