// Tests with a folder of their own: watchbill.yaml and what belongs to it, the data beside it, and verbs as admin of this host.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "serve/program.h"

namespace watchbill::serve_test {

class ServedFolder : public ::testing::Test {
 protected:
  [[nodiscard]] const std::string& folder() const noexcept { return directory_.path(); }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::vector<std::string> arguments() const { return {"--config", path("watchbill.yaml")}; }
  [[nodiscard]] Ended verb(const Controller& controller, std::vector<std::string> words) const {
    for (const std::string& word : {std::string("--server"), controller.url(), std::string("--data"), path("data")})
      words.push_back(word);
    return run_program(std::move(words));
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace watchbill::serve_test
