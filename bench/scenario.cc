#include "scenario.h"

#include <fcntl.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <sstream>

#include "hint.h"
#include "quote.h"
#include "unique_fd.h"

namespace cgi::bench {
namespace {

using Keys = std::set<std::string_view>;

const Keys kExchangeKeys = {"name", "title", "path", "method", "status", "body", "send", "fields", "close"};
const Keys kScenarioKeys = {"clients", "rate", "mix", "optional", "fresh", "idle", "beside"};
const Keys kBesideKeys = {"path", "body", "requests"};

// A table of the file, and its name in messages: 'scenarios.toml: scenario "mix"'.
class Entry {
 public:
  Entry(const toml::table& table, std::string shown) : table_(table), shown_(std::move(shown)) {
    if (const auto name = table_["name"].value<std::string>()) shown_ += " " + in_quotes(*name);
  }

  [[noreturn]] void refuse(const std::string& what) const { throw ScenarioError(shown_ + ": " + what); }

  void allow_only(const Keys& keys, const Keys& more = {}) const {
    for (const auto& [key, value] : table_) {
      if (!keys.count(key.str()) && !more.count(key.str())) refuse("unknown key " + in_quotes(key.str()));
    }
  }

  bool has(std::string_view key) const { return table_.contains(key); }

  template <typename Value>
  Value get(std::string_view key, Value usual) const {
    if (!has(key)) return usual;
    const auto value = table_[key].value_exact<Value>();
    if (!value) refuse("key \"" + std::string(key) + "\" has the wrong type");
    return *value;
  }

  std::string required(std::string_view key) const {
    const auto value = get<std::string>(key, "");
    if (value.empty()) refuse("no " + std::string(key));
    return value;
  }

  // Returns a number from 0 on; 0 if the key is absent.
  std::int64_t count(std::string_view key) const {
    const auto number = get<std::int64_t>(key, 0);
    if (number < 0) refuse("key \"" + std::string(key) + "\" is below 0");
    return number;
  }

  // Returns the table of a key as an entry.
  Entry inner(std::string_view key) const {
    const auto* table = table_[key].as_table();
    if (table == nullptr) refuse("key \"" + std::string(key) + "\" is not a table");
    return {*table, shown_ + ": " + std::string(key)};
  }

  // Returns a number, or a list of numbers, as a list.
  std::vector<int> numbers(std::string_view key, std::vector<int> usual) const {
    if (!has(key)) return usual;
    std::vector<int> all;
    if (table_[key].is_integer()) all.push_back(table_[key].value<int>().value_or(0));
    if (const auto* array = table_[key].as_array()) {
      for (const auto& node : *array) all.push_back(node.value_exact<int64_t>() ? node.value<int>().value_or(0) : 0);
    }
    if (all.empty() || std::any_of(all.begin(), all.end(), [](int number) { return number < 1; })) {
      refuse("key \"" + std::string(key) + "\" is not a list of numbers above 0");
    }
    return all;
  }

  // Returns a text, or the content of { repeat = "…", times = N }.
  Repeated content(std::string_view key) const {
    if (const auto text = table_[key].value_exact<std::string>()) return Repeated(*text);
    const auto* table = table_[key].as_table();
    if (table == nullptr) refuse("key \"" + std::string(key) + "\" is neither a text nor { repeat, times }");
    const Entry inner(*table, shown_ + ": " + std::string(key));
    inner.allow_only({"repeat", "times"});
    const auto times = inner.get<std::int64_t>("times", 0);
    if (times < 1) inner.refuse("times must be above 0");
    return Repeated(inner.required("repeat"), static_cast<std::uint64_t>(times));
  }

  std::vector<std::pair<std::string, int>> weights(std::string_view key) const {
    std::vector<std::pair<std::string, int>> all;
    if (const auto* table = table_[key].as_table()) {
      for (const auto& [name, node] : *table) all.emplace_back(name.str(), node.value_or(0));
    }
    return all;
  }

 private:
  const toml::table& table_;
  std::string shown_;
};

void read_path(const Entry& entry, Exchange& exchange) {
  exchange.path = entry.required("path");
  if (exchange.path.front() != '/') entry.refuse("path " + in_quotes(exchange.path) + " does not begin with '/'");
  if (!entry.has("body")) return;
  exchange.expected.is_exact = true;
  exchange.expected.content = entry.content("body");
}

void read_exchange(const Entry& entry, Exchange& exchange) {
  exchange.name = entry.required("name");
  if (exchange.name.find('/') != std::string::npos) entry.refuse("a name must not hold '/'");
  exchange.title = entry.required("title");
  if (entry.has("mix")) return;
  read_path(entry, exchange);
  exchange.method = entry.get<std::string>("method", "GET");
  exchange.fields = static_cast<int>(entry.count("fields"));
  exchange.close = entry.get("close", false);
  exchange.expected.statuses = entry.numbers("status", {200});
  if (entry.has("send")) exchange.send = entry.content("send").whole();
}

Burst read_burst(const Entry& entry) {
  entry.allow_only(kBesideKeys);
  Burst burst;
  read_path(entry, burst.exchange);
  burst.requests = static_cast<int>(entry.count("requests"));
  if (burst.requests == 0) entry.refuse("requests must be above 0");
  return burst;
}

Scenario read_scenario(const Entry& entry) {
  Scenario scenario;
  entry.allow_only(kExchangeKeys, kScenarioKeys);
  read_exchange(entry, scenario);
  scenario.clients = entry.numbers("clients", {1, 8, 64});
  scenario.rate = static_cast<double>(entry.count("rate"));
  scenario.is_optional = entry.get("optional", false);
  scenario.is_fresh = entry.get("fresh", false);
  scenario.idle = static_cast<int>(entry.count("idle"));
  if (scenario.idle > 0 && entry.has("mix")) entry.refuse("idle connections need a path, and a mix has none");
  if (entry.has("beside")) scenario.beside = read_burst(entry.inner("beside"));
  scenario.turns = spread(entry.weights("mix"));
  if (entry.has("mix") && scenario.turns.empty()) entry.refuse("mix has no name with a weight above 0");
  return scenario;
}

template <typename Take>
void each(const toml::table& document, std::string_view key, const std::string& shown, Take take) {
  const auto* array = document[key].as_array();
  if (array == nullptr) return;
  for (const auto& node : *array) {
    if (const auto* table = node.as_table()) take(Entry(*table, shown + ": " + std::string(key)));
  }
}

void check_names(const Scenarios& all, const std::string& shown) {
  std::set<std::string> names;
  for (const auto& scenario : all.scenarios) {
    if (!names.insert(scenario.name).second)
      throw ScenarioError(shown + ": two scenarios have the name " + in_quotes(scenario.name));
  }
  for (const auto& scenario : all.scenarios) {
    for (const auto& turn : scenario.turns) {
      if (!names.count(turn)) {
        throw ScenarioError(shown + ": scenario " + in_quotes(scenario.name) + ": mix names an unknown scenario " +
                            in_quotes(turn));
      }
      if (!all.named(turn).turns.empty()) {
        throw ScenarioError(shown + ": scenario " + in_quotes(scenario.name) + ": " + in_quotes(turn) +
                            " is itself a mix");
      }
    }
  }
}

}  // namespace

std::string Exchange::request(std::string_view host, std::string_view prefix) const {
  std::ostringstream text;
  text << method << ' ' << prefix << path << " HTTP/1.1\r\nHost: " << host << "\r\n";
  for (int i = 1; i <= fields; ++i) text << "X-Field-" << i << ": value " << i << "\r\n";
  if (close) text << "Connection: close\r\n";
  if (!send.empty()) text << "Content-Type: application/octet-stream\r\nContent-Length: " << send.size() << "\r\n";
  text << "\r\n" << send;
  return text.str();
}

std::string Exchange::script() const {
  if (path.rfind("/cgi-bin/", 0) != 0) return "";
  return path.substr(1, path.find('?') - 1);
}

const Scenario& Scenarios::named(std::string_view name) const {
  return *std::find_if(scenarios.begin(), scenarios.end(), [&](const Scenario& one) { return one.name == name; });
}

std::vector<const Exchange*> Scenarios::round(const Scenario& scenario) const {
  if (scenario.turns.empty()) return {&scenario};
  std::vector<const Exchange*> all;
  for (const auto& turn : scenario.turns) all.push_back(&named(turn));
  return all;
}

std::vector<std::string> spread(std::vector<std::pair<std::string, int>> weights) {
  int total = 0;
  for (const auto& [name, weight] : weights) total += weight;
  std::vector<int> credit(weights.size(), 0);
  std::vector<std::string> turns;
  while (static_cast<int>(turns.size()) < total) {
    for (std::size_t i = 0; i < weights.size(); ++i) credit[i] += weights[i].second;
    const auto next = std::max_element(credit.begin(), credit.end());
    *next -= total;
    turns.push_back(weights[static_cast<std::size_t>(next - credit.begin())].first);
  }
  return turns;
}

Scenarios parse_scenarios(std::string_view text, const std::string& shown) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw ScenarioError(shown + ":" + std::to_string(error.source().begin.line) + ": " +
                        std::string(error.description()));
  }
  for (const auto& [key, value] : document) {
    if (!Keys{"file", "check", "scenario"}.count(key.str()) || !value.is_array_of_tables()) {
      throw ScenarioError(shown + ": unknown key " + in_quotes(key.str()) + " ([[file]], [[check]], [[scenario]])");
    }
  }
  Scenarios all;
  each(document, "file", shown, [&](const Entry& entry) {
    entry.allow_only({"path", "repeat"});
    all.files.push_back({entry.required("path"), entry.content("repeat")});
  });
  each(document, "check", shown, [&](const Entry& entry) {
    entry.allow_only(kExchangeKeys);
    read_exchange(entry, all.checks.emplace_back());
  });
  each(document, "scenario", shown, [&](const Entry& entry) { all.scenarios.push_back(read_scenario(entry)); });
  if (all.scenarios.empty()) throw ScenarioError(shown + ": no [[scenario]]");
  check_names(all, shown);
  return all;
}

Scenarios read_scenarios(const std::filesystem::path& file) {
  const UniqueFd in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 65536> block{};
  ssize_t got = in ? 1 : -1;
  while (got > 0) {
    got = ::read(in.get(), block.data(), block.size());
    if (got > 0) text.append(block.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) {
    const int error = errno;
    const std::string next = " (--scenarios names another file)";
    throw ScenarioError(in_quotes(file.string()) + " cannot be read: " + std::strerror(error) +
                        (error == ENOENT ? file_hint(file, next) : next));
  }
  return parse_scenarios(text, log_escape(file.filename().string()));
}

}  // namespace cgi::bench
