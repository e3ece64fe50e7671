// A receiver of remote write as tests want it: it keeps what it takes, in Prometheus' strict way or a lenient one.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"

namespace watchbill::metrics::sender {

class Receiver {
 public:
  // Refuses a whole request for one sample that is out of order, as Prometheus; else takes the others, and refuses all the same.
  bool is_strict{true};

  // The status of the answer. Nothing is taken where it is not 204, but for the lenient one.
  std::uint32_t take(const std::string& body) {
    ++request_count;
    const Result<std::string> message = remote::decompress(body, 1U << 24);
    EXPECT_TRUE(message.has_value());
    std::map<std::string, std::vector<remote::Sample>> taken;
    bool is_refused = false;
    remote::WriteRequestReader reader(*message);
    for (auto entry = reader.next(); entry != remote::WriteRequestReader::Entry::end; entry = reader.next()) {
      EXPECT_NE(entry, remote::WriteRequestReader::Entry::malformed);
      if (entry == remote::WriteRequestReader::Entry::malformed) return 400;
      if (entry == remote::WriteRequestReader::Entry::metadata) families.emplace_back(reader.metadata().family);
      if (entry != remote::WriteRequestReader::Entry::series) continue;
      const std::string labels = remote::decode_labels(reader.encoded_labels()).value().text();
      EXPECT_EQ(taken.count(labels), 0U) << "the samples of a series stand together";
      is_refused = !add(labels, reader, taken[labels]) || is_refused;
    }
    if (is_refused && is_strict) return 400;
    for (const auto& [labels, samples] : taken)
      samples_of[labels].insert(samples_of[labels].end(), samples.begin(), samples.end());
    return is_refused ? 400 : 204;
  }

  std::map<std::string, std::vector<remote::Sample>> samples_of;  // by the text of the labels
  std::vector<std::string> families;
  std::vector<std::string> exemplars;  // "SERIES LABELS@TIME"
  std::size_t histogram_count{0};
  std::size_t request_count{0};

 private:
  bool add(const std::string& labels, const remote::WriteRequestReader& reader, std::vector<remote::Sample>& taken) {
    bool is_good = true;
    const std::vector<remote::Sample>& known = samples_of[labels];
    histogram_count += reader.histograms().size();
    for (const std::string_view message : reader.exemplars()) {
      const auto exemplar = remote::decode_exemplar(message);
      EXPECT_TRUE(exemplar.has_value());
      EXPECT_FALSE(known.empty()) << "a receiver takes none of a series that it does not know: " << labels;
      if (exemplar) exemplars.push_back(labels + " " + exemplar->labels.text() + "@" + std::to_string(exemplar->at.ms));
    }
    for (const remote::Sample& sample : reader.samples()) {
      const remote::Sample* newest = !taken.empty() ? &taken.back() : !known.empty() ? &known.back() : nullptr;
      const bool is_known = newest != nullptr && newest->at == sample.at && newest->value == sample.value;
      if (newest == nullptr || newest->at < sample.at) taken.push_back(sample);
      else is_good = is_good && is_known;
    }
    return is_good;
  }
};

}  // namespace watchbill::metrics::sender
