// One list of settings; a flag, a variable and a TOML key each give a setting its text, and the setting
// parses it. CLI11 only collects: its own configuration files would win over the environment.
#include "cli/config.h"

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <sstream>

#include "cli/arguments.h"
#include "net/link_identity.h"

namespace stator::cli {
namespace {

constexpr int kUsageError = 2;

// The configuration while its sources are read, one after the other.
struct Draft : ServeConfig {
  ClusterConfig node;                       // becomes `cluster` where an address is given
  std::optional<net::LinkAddress> address;  // the link's
  std::vector<net::LinkAddress> others;
  const char* of_a_cluster = nullptr;  // a setting that was given and makes sense in a cluster only
};

// Empty where the text was taken; else what is wrong with it.
using Complaint = std::string;

Complaint parse_number(std::string_view text, unsigned least, unsigned most, unsigned& out) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return "'" + std::string(text) + "' is not a number from " + std::to_string(least) + " to " +
           std::to_string(most);
  }
  out = value;
  return {};
}

Complaint parse_port(std::string_view text, uint16_t& out) {
  unsigned value = 0;
  Complaint complaint = parse_number(text, 0, 65535, value);
  if (complaint.empty()) out = static_cast<uint16_t>(value);
  return complaint;
}

Complaint set_host(Draft& config, std::string_view text) {
  if (text.empty()) return "an address or a name is wanted, as in 127.0.0.1 or 0.0.0.0";
  config.host = text;
  return {};
}

Complaint set_port(Draft& config, std::string_view text) {
  config.port_given = true;
  return parse_port(text, config.port);
}

Complaint set_admin_port(Draft& config, std::string_view text) {
  config.admin_port_given = true;
  return parse_port(text, config.admin_port);
}

Complaint set_data_dir(Draft& config, std::string_view text) {
  if (text.empty()) return "a folder is wanted; it is created where it does not exist";
  config.data_dir = text;
  config.in_memory = false;  // said closer to the user than an in-memory below it
  return {};
}

Complaint set_in_memory(Draft& config, std::string_view text) {
  if (text == "true" || text == "1") {
    config.in_memory = true;
  } else if (text == "false" || text == "0") {
    config.in_memory = false;
  } else {
    return "'" + std::string(text) + "' is neither true nor false";
  }
  return {};
}

Complaint set_http_threads(Draft& config, std::string_view text) {
  return parse_number(text, 1, kHttpThreadsMax, config.http_threads);
}

Complaint set_cors(Draft& config, std::string_view text) {
  config.cors_origins.clear();
  std::istringstream in{std::string(text)};
  for (std::string origin; std::getline(in, origin, ',');) {
    origin.erase(0, origin.find_first_not_of(' '));
    origin.erase(origin.find_last_not_of(' ') + 1);
    if (origin == "*") {  // all, as without the setting
      config.cors_origins.clear();
      return {};
    }
    if (!origin.empty()) config.cors_origins.push_back(origin);
  }
  return {};
}

Complaint set_log_level(Draft& config, std::string_view text) {
  static constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warn", "error", "off"};
  if (std::find(kLevels.begin(), kLevels.end(), text) == kLevels.end()) {
    return "'" + std::string(text) + "' is none of trace, debug, info, warn, error, off";
  }
  config.log_level = text;
  return {};
}

Complaint set_partitions_per_table(Draft& config, std::string_view text) {
  return parse_number(text, 0, kPartitionsPerTableMax, config.partitions_per_table);
}

Complaint set_disk_reserve(Draft& config, std::string_view text) {
  return parse_number(text, 0, kDiskReserveMibMax, config.disk_reserve_mib);
}

Complaint set_throttling(Draft& config, std::string_view text) {
  if (text != "on" && text != "off") return "'" + std::string(text) + "' is neither on nor off";
  config.throttling = text == "on";
  return {};
}

Complaint set_collection_limit(Draft& config, std::string_view text) {
  unsigned bytes = 0;
  Complaint complaint = parse_number(text, 1, std::numeric_limits<unsigned>::max(), bytes);
  if (complaint.empty()) config.collection_bytes_max = bytes;
  return complaint;
}

Complaint set_node_id(Draft& config, std::string_view text) {
  config.of_a_cluster = "node-id";
  unsigned value = 0;
  Complaint complaint = parse_number(text, 1, kNodeIdMax, value);
  if (complaint.empty()) config.node.node_id = value;
  return complaint;
}

// To be listened on, not to be called.
bool is_wildcard(const net::LinkAddress& address) {
  return address.host == "0.0.0.0" || address.host == "::";
}

Complaint set_cluster_addr(Draft& config, std::string_view text) {
  auto address = net::parse_link_address(text);
  if (!address) return std::move(address).error();
  if (is_wildcard(*address)) return "the others have to reach it: give an address of this machine";
  config.address = std::move(*address);
  return {};
}

Complaint set_join(Draft& config, std::string_view text) {
  config.of_a_cluster = "join";
  config.others.clear();
  std::istringstream in{std::string(text)};
  for (std::string one; std::getline(in, one, ',');) {
    one.erase(0, one.find_first_not_of(' '));
    one.erase(one.find_last_not_of(' ') + 1);
    if (one.empty()) continue;
    auto address = net::parse_link_address(one);
    if (!address) return std::move(address).error();
    if (is_wildcard(*address)) return "'" + one + "' cannot be called: give an address";
    if (std::find(config.others.begin(), config.others.end(), *address) == config.others.end())
      config.others.push_back(std::move(*address));
  }
  if (config.others.size() > kJoinMax) return "more than " + std::to_string(kJoinMax) + " addresses";
  return {};
}

Complaint set_zone(Draft& config, std::string_view text) {
  config.of_a_cluster = "zone";
  if (!is_zone_name(text)) {
    return "a name of 1 to " + std::to_string(kZoneBytesMax) + " letters, digits, '-', '_' and '.' is wanted";
  }
  config.node.zone = text;
  return {};
}

Complaint set_replace_dead_after(Draft& config, std::string_view text) {
  config.of_a_cluster = "replace-dead-after";
  return parse_number(text, 0, kReplaceDeadAfterMax, config.node.replace_dead_after_s);
}

Complaint set_test_format_max(Draft& config, std::string_view text) {
  return parse_number(text, 1, kTestFormatMax, config.test_format_max);
}

// THE list: the flag is --name, the variable STATOR_NAME, the TOML key name.
struct Setting {
  const char* name;
  const char* variable;
  const char* help;
  Complaint (*set)(Draft&, std::string_view);
  bool is_switch = false;
  bool is_hidden = false;  // for our own tests: no help names it
};
constexpr std::array kSettings{
    Setting{"host", "STATOR_HOST", "Address to listen on [127.0.0.1]", set_host},
    Setting{"port", "STATOR_PORT", "Port of the DynamoDB API; 0 picks a free one [8000]", set_port},
    Setting{"admin-port", "STATOR_ADMIN_PORT",
            "Port of /metrics, /livez and /readyz; 0 picks a free one [8100]", set_admin_port},
    Setting{"data-dir", "STATOR_DATA_DIR", "Folder of the data, created if missing [./stator-data]",
            set_data_dir},
    Setting{"in-memory", "STATOR_IN_MEMORY", "Keep everything in memory; nothing survives the process",
            set_in_memory, true},
    Setting{"http-threads", "STATOR_HTTP_THREADS", "Threads that read and answer requests [1]",
            set_http_threads},
    Setting{"cors", "STATOR_CORS", "Origins that browsers may call from, separated by commas [all]",
            set_cors},
    Setting{"log-level", "STATOR_LOG_LEVEL", "trace, debug, info, warn, error or off [info]", set_log_level},
    Setting{"partitions-per-table", "STATOR_PARTITIONS_PER_TABLE",
            "Partitions of a new table; 0: one a node, up to 4 [0]", set_partitions_per_table},
    Setting{"disk-reserve", "STATOR_DISK_RESERVE",
            "MiB: writes are refused while less is free where the data is [256]", set_disk_reserve},
    Setting{"throttling", "STATOR_THROTTLING",
            "on or off: refuse what exceeds a table's or partition's throughput [off]", set_throttling},
    Setting{"item-collection-bytes-max", "STATOR_ITEM_COLLECTION_BYTES_MAX",
            "Bytes that the items of a partition key may come to in a table with local indexes", set_collection_limit,
            false, true},
    Setting{"cluster-addr", "STATOR_CLUSTER_ADDR",
            "HOST:PORT that the other nodes call; makes this process a node of a cluster", set_cluster_addr},
    Setting{"node-id", "STATOR_NODE_ID", "Number of this node in its cluster, from 1", set_node_id},
    Setting{"join", "STATOR_JOIN", "The other nodes' --cluster-addr, separated by commas", set_join},
    Setting{"zone", "STATOR_ZONE", "Zone of this node: replicas are spread over zones [default]", set_zone},
    Setting{"replace-dead-after", "STATOR_REPLACE_DEAD_AFTER",
            "Seconds without a node before its replicas are made anew elsewhere; 0: never [300]",
            set_replace_dead_after},
    Setting{"test-format-max", "STATOR_TEST_FORMAT_MAX", "The newest format that this process says it reads",
            set_test_format_max, false, true},
};

// Setting name to text, of one source.
using Values = std::map<std::string, std::string>;

Message usage_error(std::string text) { return {"stator: " + std::move(text), kUsageError}; }

std::optional<Message> apply(Draft& config, const Values& values, std::string_view source) {
  const auto in_memory = values.find("in-memory");
  if (in_memory != values.end() && in_memory->second == "true" && values.contains("data-dir")) {
    return usage_error(std::string(source) + " gives both in-memory and data-dir: give one of them");
  }
  for (const Setting& setting : kSettings) {
    const auto value = values.find(setting.name);
    if (value == values.end()) continue;
    const Complaint complaint = setting.set(config, value->second);
    if (!complaint.empty())
      return usage_error(std::string(setting.name) + " (" + std::string(source) + "): " + complaint);
  }
  return std::nullopt;
}

// Puts together what the sources said of the cluster, once all are read.
model::Result<ServeConfig, Message> finish(Draft draft) {
  if (!draft.address) {
    if (draft.of_a_cluster == nullptr) return static_cast<ServeConfig&&>(std::move(draft));
    return model::Failure(usage_error(std::string(draft.of_a_cluster) +
                                      " is for a node of a cluster: give cluster-addr too, or leave it out"));
  }
  if (draft.node.node_id == 0 && draft.others.empty()) {
    return model::Failure(usage_error(
        "cluster-addr is given without node-id: give each of a new cluster's nodes its number, from 1, or, for a node "
        "that a cluster takes in, join"));
  }
  if (draft.in_memory) {
    return model::Failure(
        usage_error("a node of a cluster keeps its vote on disk: give data-dir, not in-memory"));
  }
  draft.node.listen_host = draft.address->host;
  draft.node.listen_port = draft.address->port;
  for (const net::LinkAddress& other : draft.others) {
    if (!(other == *draft.address)) draft.node.join.push_back(net::to_string(other));
  }
  draft.cluster = std::move(draft.node);
  return static_cast<ServeConfig&&>(std::move(draft));
}

// A TOML value as the text that a flag would have; nullopt for what no setting takes.
std::optional<std::string> toml_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  if (const auto* list = node.as_array()) {
    std::string joined;
    for (const toml::node& element : *list) {
      const auto* text = element.as_string();
      if (text == nullptr) return std::nullopt;
      if (!joined.empty()) joined += ',';
      joined += text->get();
    }
    return joined;
  }
  return std::nullopt;
}

model::Result<Values, Message> read_file(const std::string& path) {
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    std::string where = path;
    if (error.source().begin.line > 0) where += ":" + std::to_string(error.source().begin.line);
    return model::Failure(usage_error(where + ": " + std::string(error.description())));
  }
  Values values;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const std::string where = path + ":" + std::to_string(node.source().begin.line) + ": ";
    const auto known =
        std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& s) { return s.name == name; });
    if (known == kSettings.end()) {
      std::string names;
      for (const Setting& setting : kSettings) {
        if (!setting.is_hidden) names += std::string(names.empty() ? "" : ", ") + setting.name;
      }
      return model::Failure(usage_error(where + "unknown key '" + name + "'; known are " + names));
    }
    auto text = toml_text(node);
    if (!text)
      return model::Failure(usage_error(where + name + " has a value of a kind that it does not take"));
    values.emplace(name, std::move(*text));
  }
  return values;
}

struct Flags {
  Values values;
  std::optional<std::string> file;
};

model::Result<Flags, Message> read_flags(const std::vector<std::string>& arguments,
                                         std::string_view version) {
  CLI::App app{"Stator: a DynamoDB-compatible, replicated database"};
  app.name("stator");
  app.set_version_flag("--version", "stator " + std::string(version));
  app.require_subcommand(1);
  CLI::App* serve = app.add_subcommand("serve", "Serve the DynamoDB API");
  app.add_subcommand("cluster",
                     "Start and drive a cluster on this machine");  // cli/cluster_options.h reads it
  Flags flags;
  std::map<std::string, std::string> texts;
  std::map<std::string, bool> switches;
  for (const Setting& setting : kSettings) {
    const std::string flag = std::string("--") + setting.name;
    const std::string help = std::string(setting.help) + " (" + setting.variable + ")";
    if (setting.is_switch) {
      serve->add_flag(flag, switches[setting.name], help);
    } else {
      auto* option = serve->add_option(flag, texts[setting.name], help)->take_last();
      if (setting.is_hidden) option->group("");
    }
  }
  serve->add_option("--config", flags.file, "TOML file with these settings as keys (STATOR_CONFIG)");
  serve->footer("A flag wins over its variable, which wins over the file.");
  auto reversed = rewrite_arguments(arguments);
  if (!reversed.empty() && !reversed.front().starts_with('-') && reversed.front() != "serve") {
    return model::Failure(
        usage_error("there is no command '" + reversed.front() + "'; `stator --help` lists them"));
  }
  std::reverse(reversed.begin(), reversed.end());  // CLI11 takes a vector from its end
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0 && !arguments.empty()) {
      return model::Failure(usage_error(std::string(error.what()) + "; `stator --help` tells more"));
    }
    std::ostringstream out;
    std::ostringstream ignored;
    if (arguments.empty()) return model::Failure(Message{app.help(), kUsageError});
    app.exit(error, out, ignored);
    return model::Failure(Message{out.str(), 0});
  }
  for (const Setting& setting : kSettings) {
    if (serve->count(std::string("--") + setting.name) == 0) continue;
    flags.values[setting.name] = setting.is_switch ? "true" : texts[setting.name];
  }
  return flags;
}

}  // namespace

bool is_zone_name(std::string_view text) {
  return !text.empty() && text.size() <= kZoneBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

model::Result<ServeConfig, Message> read_config(const std::vector<std::string>& arguments,
                                                const Environment& environment, std::string_view version) {
  auto flags = read_flags(arguments, version);
  if (!flags) return model::Failure(std::move(flags).error());
  Draft config;
  const auto file = flags->file ? flags->file : environment("STATOR_CONFIG");
  if (file) {
    auto values = read_file(*file);
    if (!values) return model::Failure(std::move(values).error());
    if (auto failed = apply(config, *values, *file)) return model::Failure(std::move(*failed));
  }
  Values variables;
  for (const Setting& setting : kSettings) {
    if (auto value = environment(setting.variable)) variables.emplace(setting.name, std::move(*value));
  }
  if (auto failed = apply(config, variables, "the environment")) return model::Failure(std::move(*failed));
  if (auto failed = apply(config, flags->values, "the command line"))
    return model::Failure(std::move(*failed));
  return finish(std::move(config));
}

}  // namespace stator::cli
