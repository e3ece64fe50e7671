// How often discovery failed, as the metrics page tells it.
#include "app/watch/discovery_counts.h"

#include <gtest/gtest.h>

namespace watchbill::app::watch {
namespace {

drivers::scrape::Job job(const std::string& name) {
  drivers::scrape::Job out;
  out.written.job = name;
  return out;
}

HttpDiscoveryConfiguration server(const std::string& url) {
  HttpDiscoveryConfiguration out;
  out.url = url;
  return out;
}

// "JOB dns=N file=N http=N targets=N; …; all dns=N/LOOKUPS file=N http=N", without kinds that a job does not have.
std::string text_of(const DiscoveryCounts& counts) {
  const api::DiscoveryView view = counts.view();
  std::string out;
  for (const api::DiscoveryView::Job& each : view.jobs) {
    out += each.name;
    for (std::size_t kind = 0; kind < api::discovery_kind_count; ++kind)
      if (each.failure_counts[kind])
        out += " " + std::string(api::discovery_words[kind]) + "=" + std::to_string(*each.failure_counts[kind]);
    out += " targets=" + std::to_string(each.target_count) + "; ";
  }
  return out + "all dns=" + std::to_string(view.failure_counts[0]) + "/" + std::to_string(view.dns_lookup_count) +
         " file=" + std::to_string(view.failure_counts[1]) + " http=" + std::to_string(view.failure_counts[2]);
}

TEST(discovery_counts, each_job_counts_what_it_asks_for) {
  drivers::scrape::Job a = job("a"), b = job("b");
  const DnsDiscoveryConfiguration names{};
  FileDiscoveryConfiguration files;
  files.files = {"/x/*.yml", "/y.json"};
  a.written.http_discovery = {server("http://one/"), server("http://two/")};
  a.written.file_discovery = {files};
  b.written.http_discovery = {server("http://two/")};
  b.written.dns_discovery = {names};
  DiscoveryCounts counts;
  counts.configure({a, b, job("c")});
  EXPECT_EQ(text_of(counts), "a file=0 http=0 targets=0; b dns=0 http=0 targets=0; c targets=0; all dns=0/0 file=0 http=0");
  counts.failed(server("http://one/"));
  counts.failed(server("http://two/"));  // which both ask, at once
  counts.failed("/y.json");
  counts.looked_up(names, true);
  counts.looked_up(names, false);
  counts.found("a", 3);
  EXPECT_EQ(text_of(counts), "a file=1 http=2 targets=3; b dns=1 http=1 targets=0; c targets=0; all dns=1/2 file=1 http=2");
  // Another bill: what a job has counted stays with its name.
  b.written.http_discovery.clear();
  counts.configure({b, a});
  EXPECT_EQ(text_of(counts), "b dns=1 targets=0; a file=1 http=2 targets=3; all dns=1/2 file=1 http=2");
}

}  // namespace
}  // namespace watchbill::app::watch
