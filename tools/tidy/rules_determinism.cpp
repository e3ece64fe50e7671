// The rule that keeps replay and simulation honest: where the same input must give the same bytes, nothing may ask the world.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "tidy/rules.h"

namespace watchbill::tidy {
namespace {

constexpr std::array<std::string_view, 13> deterministic_folders{
    "src/model/",         "src/core/",           "src/engine/",           "src/metrics/promql/",
    "src/metrics/rules/", "src/metrics/remote/",  "src/metrics/receive/",  "src/metrics/exposition/", "src/metrics/push/",
    "src/supervise/",     "src/metrics/relabel/", "src/metrics/histogram/", "src/template/"};
// The places where threads meet the engine, and the one that starts a thread: it changes when records are read, not what they
// are.
constexpr std::array<std::string_view, 3> lock_folders{"src/engine/inbox", "src/engine/follower", "src/engine/read_ahead"};
constexpr std::array<std::string_view, 1> thread_folders{"src/engine/read_ahead"};

enum class Topic : unsigned char { clock, entropy, threads, locks, files, sockets, environment, locale, numbers };

std::string_view expected(Topic topic) noexcept {
  switch (topic) {
    case Topic::clock: return "no clock here: time comes in with the command (Instant)";
    case Topic::entropy: return "no entropy here: ids and random parts come in with the command";
    case Topic::threads: return "no threads here: only app and engine/read_ahead start threads";
    case Topic::locks: return "no locks here: only engine/inbox, engine/follower and engine/read_ahead have them";
    case Topic::files: return "no files here: they are a port";
    case Topic::sockets: return "no sockets here: they are a driver's";
    case Topic::environment: return "no environment variables here: settings come in as values";
    case Topic::locale: return "no locale here: write the character class out";
    case Topic::numbers: return "no C library formatting or parsing of numbers here: std::to_chars, std::from_chars or fmt";
  }
  return "";
}

struct Banned {
  Topic topic;
  std::string_view words;  // separated by blanks
};

constexpr std::array<Banned, 9> banned_headers{{
    {Topic::clock, "ctime time.h sys/time.h sys/timerfd.h"},
    {Topic::entropy, "random sys/random.h sodium.h"},
    {Topic::threads, "thread future stop_token pthread.h execution"},
    {Topic::locks, "mutex shared_mutex condition_variable semaphore latch barrier"},
    {Topic::files, "fstream filesystem fcntl.h unistd.h sys/stat.h sys/mman.h cstdio stdio.h iostream"},
    {Topic::sockets, "sys/socket.h sys/un.h sys/epoll.h poll.h netdb.h arpa/inet.h netinet/in.h netinet/tcp.h"},
    {Topic::locale, "locale clocale locale.h cctype ctype.h cwctype"},
    {Topic::numbers, "sstream iomanip ostream istream ios"},
    {Topic::environment, "sys/utsname.h pwd.h"},
}};

// Words that mean only one thing, with or without std:: before them.
constexpr std::array<Banned, 9> banned_words{{
    {Topic::clock,
     "system_clock steady_clock high_resolution_clock utc_clock tai_clock file_clock clock_gettime gettimeofday localtime "
     "localtime_r "
     "gmtime gmtime_r mktime timegm strftime nanosleep usleep sleep_for sleep_until timespec_get __DATE__ __TIME__"},
    {Topic::entropy,
     "random_device mt19937 mt19937_64 minstd_rand default_random_engine srand drand48 getrandom getentropy arc4random "
     "randombytes_buf RAND_bytes uniform_int_distribution uniform_real_distribution normal_distribution random_shuffle"},
    {Topic::threads, "jthread this_thread thread_local pthread_create packaged_task"},
    {Topic::locks,
     "lock_guard unique_lock scoped_lock shared_lock shared_mutex recursive_mutex timed_mutex condition_variable "
     "condition_variable_any counting_semaphore binary_semaphore once_flag call_once pthread_mutex_lock"},
    {Topic::files, "fopen ifstream ofstream fstream mkstemp opendir"},
    {Topic::sockets, "getaddrinfo epoll_create1 accept4 recvmsg sendmsg"},
    {Topic::environment, "getenv secure_getenv setenv unsetenv putenv environ"},
    {Topic::locale, "setlocale localeconv uselocale imbue"},
    {Topic::numbers,
     "printf sprintf snprintf vsnprintf fprintf sscanf strtod strtof strtold strtol strtoul strtoll strtoull atoi atol atoll "
     "atof "
     "stringstream ostringstream istringstream stod stof stold stoi stol stoul stoll stoull"},
}};

// Words that also mean other things: only as std::WORD.
constexpr std::array<Banned, 4> banned_std_words{{
    {Topic::clock, "time clock"},
    {Topic::threads, "thread async future promise shared_future"},
    {Topic::locks, "mutex latch barrier lock try_lock"},
    {Topic::files, "filesystem cout cerr clog cin"},
}};
constexpr std::array<Banned, 4> banned_std_words_more{{
    {Topic::entropy, "rand"},
    {Topic::locale, "locale tolower toupper isalpha isalnum isdigit isspace isupper islower ispunct isprint isxdigit"},
    {Topic::clock, "localtime gmtime mktime"},
    {Topic::environment, "system"},
}};

// System calls are written ::open(…) in this project, which tells them from methods of that name.
constexpr std::array<Banned, 2> banned_global_words{{
    {Topic::files, "open openat creat read write pread pwrite close fsync fdatasync rename unlink stat fstat mmap ftruncate"},
    {Topic::sockets, "socket bind listen accept connect send recv sendto recvfrom poll"},
}};

template <std::size_t size>
const Banned* find_word(const std::array<Banned, size>& table, std::string_view word) noexcept {
  for (const Banned& banned : table) {
    std::string_view rest = banned.words;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (rest.substr(0, end) == word) return &banned;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return nullptr;
}

template <std::size_t size>
bool is_in_any(std::string_view path, const std::array<std::string_view, size>& folders) noexcept {
  return std::any_of(folders.begin(), folders.end(), [path](std::string_view folder) { return path.starts_with(folder); });
}

void report(const Source& source, std::size_t line, Topic topic, std::string_view word, Findings& findings) {
  if (topic == Topic::locks && is_in_any(source.path, lock_folders)) return;
  if (topic == Topic::threads && is_in_any(source.path, thread_folders)) return;
  findings.push_back({source.path, line, "determinism", std::string(expected(topic)) + ": " + std::string(word)});
}

void check_words(const Source& source, Findings& findings) {
  std::set<std::string_view> own_functions;
  for (const Declaration& declaration : declarations_of(source))
    if (declaration.kind == Declaration::Kind::function) own_functions.insert(declaration.name);
  const auto text = [&source](std::size_t i) { return i < source.tokens.size() ? source.tokens[i].text : std::string_view{}; };
  for (std::size_t i = 0; i < source.tokens.size(); ++i) {
    const std::string_view before = i > 0 ? text(i - 1) : "";
    const bool is_member = before == "." || before == "->";
    if (is_member) continue;
    const bool is_qualified = before == "::";
    const bool is_std = is_qualified && i > 1 && text(i - 2) == "std";
    // `return ::open(…)` is global as well: a keyword qualifies nothing.
    const std::string_view qualifier = is_qualified && i > 1 ? text(i - 2) : "";
    const bool is_global = is_qualified && (i == 1 || qualifier == "return" || qualifier.find_first_of("=(){};,!&|<+-?:") == 0);
    // A function of ours may be called like one of theirs, printf of the templates for example.
    if (!is_qualified && own_functions.contains(text(i))) continue;
    const Banned* banned =
        is_qualified && !is_std && !is_global && text(i - 2) != "chrono" ? nullptr : find_word(banned_words, text(i));
    if (banned == nullptr && is_std) banned = find_word(banned_std_words, text(i));
    if (banned == nullptr && is_std) banned = find_word(banned_std_words_more, text(i));
    if (banned == nullptr && is_global && text(i + 1) == "(") banned = find_word(banned_global_words, text(i));
    if (banned != nullptr) report(source, source.tokens[i].line, banned->topic, text(i), findings);
  }
}

// The token behind the `>` that closes the `<` at `open`.
std::size_t after_angles(const Source& source, std::size_t open) noexcept {
  std::size_t depth = 0;
  for (std::size_t i = open; i < source.tokens.size(); ++i) {
    if (source.tokens[i].text == "<") ++depth;
    if (source.tokens[i].text == ">" && --depth == 0) return i + 1;
    if (source.tokens[i].text == ";") break;
  }
  return source.tokens.size();
}

// Adds the names that are declared with an unordered container as their type, or with an alias of one.
void collect_unordered(const Source& source, std::set<std::string_view>& aliases, std::set<std::string_view>& names) {
  for (std::size_t i = 0; i < source.tokens.size(); ++i) {
    const std::string_view word = source.tokens[i].text;
    const bool is_alias = aliases.contains(word);
    if (!word.starts_with("unordered_") && !is_alias) continue;
    std::size_t next = i + 1;
    if (next < source.tokens.size() && source.tokens[next].text == "<") next = after_angles(source, next);
    else if (!is_alias) continue;
    // using Name = std::unordered_map<…>;
    std::size_t back = i;
    while (back > 0 && (source.tokens[back - 1].text == "::" || source.tokens[back - 1].text == "std" ||
                        source.tokens[back - 1].text == "boost"))
      --back;
    if (back >= 3 && source.tokens[back - 1].text == "=" && source.tokens[back - 3].text == "using")
      aliases.insert(source.tokens[back - 2].text);
    while (next < source.tokens.size() && (source.tokens[next].text == "&" || source.tokens[next].text == "const")) ++next;
    // A name, and not a function that gives one back.
    if (next + 1 < source.tokens.size() && source.tokens[next + 1].text != "(") names.insert(source.tokens[next].text);
  }
}

void check_unordered(const Source& source, const std::set<std::string_view>& names, Findings& findings) {
  const auto text = [&source](std::size_t i) { return i < source.tokens.size() ? source.tokens[i].text : std::string_view{}; };
  const auto add = [&](std::size_t i) {
    findings.push_back(
        {source.path, source.tokens[i].line, "determinism",
         "no iteration over an unordered container: its order differs between hosts; use std::map or sort first: " +
             std::string(text(i))});
  };
  for (std::size_t i = 0; i + 1 < source.tokens.size(); ++i) {
    if (!names.contains(text(i))) continue;
    const bool is_begin = (text(i + 1) == "." || text(i + 1) == "->") && (text(i + 2) == "begin" || text(i + 2) == "cbegin");
    if (is_begin) add(i);
    // for (… : a.b.name): back over the path to the ':', with the ')' of the `for` right behind the name.
    if (text(i + 1) != ")") continue;
    std::size_t back = i;
    while (back > 0 && (text(back - 1) == "." || text(back - 1) == "->")) back = back >= 2 ? back - 2 : 0;
    if (back > 0 && text(back - 1) == ":") add(i);
  }
}

// std::map<Thing*, …> and std::set<const Thing*> are ordered by address.
void check_pointer_order(const Source& source, Findings& findings) {
  for (std::size_t i = 2; i + 1 < source.tokens.size(); ++i) {
    const std::string_view word = source.tokens[i].text;
    const bool is_ordered = word == "map" || word == "set" || word == "multimap" || word == "multiset";
    if (!is_ordered || source.tokens[i - 1].text != "::" || source.tokens[i - 2].text != "std" ||
        source.tokens[i + 1].text != "<")
      continue;
    std::size_t depth = 0;
    for (std::size_t k = i + 1; k < source.tokens.size(); ++k) {
      const std::string_view text = source.tokens[k].text;
      if (text == "<") ++depth;
      if (text == ">") --depth;
      const bool is_key_end = depth == 0 || (depth == 1 && text == ",");
      if (is_key_end && source.tokens[k - 1].text == "*")
        findings.push_back({source.path, source.tokens[i].line, "determinism", "no order by address: use an id as the key"});
      if (is_key_end || text == ";") break;
    }
  }
}

}  // namespace

void check_determinism(const Sources& sources, Findings& findings) {
  std::map<std::string_view, const Source*> by_path;
  for (const Source& source : sources) by_path[source.path] = &source;
  for (const Source& source : sources) {
    if (!is_in_any(source.path, deterministic_folders)) continue;
    std::set<std::string_view> aliases;
    std::set<std::string_view> names;
    for (const Include& include : includes_of(source)) {
      if (!include.is_quoted) {
        const Banned* banned = find_word(banned_headers, include.target);
        if (banned != nullptr) report(source, include.line, banned->topic, "<" + std::string(include.target) + ">", findings);
        continue;
      }
      const auto header = by_path.find("src/" + std::string(include.target));
      if (header != by_path.end()) collect_unordered(*header->second, aliases, names);
    }
    collect_unordered(source, aliases, names);
    check_words(source, findings);
    check_unordered(source, names, findings);
    check_pointer_order(source, findings);
  }
}

}  // namespace watchbill::tidy
