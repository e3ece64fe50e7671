#include "app/served_urls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "base/descriptor.h"
#include "drivers/sqlite/journal.h"

namespace watchbill::app {
namespace {

constexpr mode_t owner_only = 0600;
constexpr std::size_t urls_max = 64;

std::string path_of(const std::string& data_directory) { return data_directory + "/urls"; }

}  // namespace

Status write_served_urls(const std::string& data_directory, const std::vector<std::string>& urls) {
  std::string text;
  for (const std::string& url : urls) text += url + "\n";
  const std::string path = path_of(data_directory), draft = path + ".new";
  const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, owner_only));
  if (!file.is_open()) return Error::from_errno(errno, "write", draft);
  if (Status written = write_all(file.get(), text, draft); !written) return written;
  if (::rename(draft.c_str(), path.c_str()) != 0) return Error::from_errno(errno, "rename", draft);
  return {};
}

void remove_served_urls(const std::string& data_directory) { ::unlink(path_of(data_directory).c_str()); }

std::vector<std::string> served_urls(const std::string& data_directory) {
  std::vector<std::string> urls;
  if (!drivers::sqlite::DataLock::is_held(data_directory)) return urls;
  std::ifstream in(path_of(data_directory));
  for (std::string line; urls.size() < urls_max && std::getline(in, line);) urls.push_back(line);
  return urls;
}

}  // namespace watchbill::app
