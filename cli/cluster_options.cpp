// One subcommand a verb. CLI11 collects and counts; what the values may be is checked here, so that the
// errors read like those of the other settings.
#include "cli/cluster_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

namespace stator::cli {
namespace {

constexpr int kUsageError = 2;
// Client, admin and link ports of the last node have to fit below 65,536 (cli/cluster_ports.h).
constexpr unsigned kFirstPortMax = 65'535 - (kClusterNodesMax - 1) * 1'000 - 300;

using Failed = model::Failure<Message>;
Failed usage_error(std::string text) { return Failed({"stator: " + std::move(text), kUsageError}); }

// What the flags were given as; the same names for all verbs.
struct Texts {
  std::map<std::string, std::string> values;
  std::vector<std::string> nodes;
  bool foreground = false;
  bool follow = false;
};

struct Verb {
  const char* name;
  const char* help;
  ClusterVerb verb;
};
constexpr std::array kVerbs{
    Verb{"start", "Start a cluster, or go on with the one that the folder holds", ClusterVerb::kStart},
    Verb{"status", "Show nodes, leaders, tables and replication lag", ClusterVerb::kStatus},
    Verb{"kill", "End nodes at once, by SIGKILL", ClusterVerb::kKill},
    Verb{"pause", "Make nodes stand still, by SIGSTOP", ClusterVerb::kPause},
    Verb{"resume", "Let paused nodes go on", ClusterVerb::kResume},
    Verb{"restart", "Start nodes again; those that run are stopped before", ClusterVerb::kRestart},
    Verb{"logs", "Print the end of a node's log", ClusterVerb::kLogs},
    Verb{"stop", "Stop all nodes, and wait for them", ClusterVerb::kStop},
    Verb{"purge", "Stop all nodes and delete their data", ClusterVerb::kPurge},
    Verb{"add", "Start one more node, which joins", ClusterVerb::kAdd},
    Verb{"decommission", "Move everything off a node, and stop it for good", ClusterVerb::kDecommission},
    Verb{"rolling-restart", "Restart one node after the other, each when all is well", ClusterVerb::kRollingRestart},
    Verb{"finalize-version", "Let leaders write the newest version that all nodes read",
         ClusterVerb::kFinalizeVersion},
    Verb{"init", "Make one cluster of nodes that were started by hand, once", ClusterVerb::kInit},
    Verb{"drill", "Kill leaders under load, and tell the outage and that nothing was lost", ClusterVerb::kDrill},
};

void add_options(CLI::App& app, ClusterVerb verb, Texts& texts) {
  const auto option = [&](const char* name, const char* help) {
    app.add_option(std::string("--") + name, texts.values[name], help)->take_last();
  };
  if (verb == ClusterVerb::kInit) {
    option("peers", "The nodes' --cluster-addr, separated by commas");
    return;
  }
  option("data-dir", "Folder of the cluster [./stator-data]");
  switch (verb) {
    case ClusterVerb::kStart:
      option("nodes", "1, or 3 to 9 processes [3]");
      option("zones", "Zones that they are spread over [3]");
      option("port", "First node's port for clients; each further node's is 1,000 higher [8000]");
      option("partitions-per-table", "Partitions of a new table; 0: one a node, up to 4 [0]");
      option("throttling", "on or off: refuse what exceeds a table's or partition's throughput [off]");
      option("output", "text or json [text]");
      app.add_flag("--foreground", texts.foreground, "Stay; Ctrl-C stops the cluster");
      break;
    case ClusterVerb::kStatus:
      option("output", "text or json [text]");
      break;
    case ClusterVerb::kKill:
    case ClusterVerb::kPause:
    case ClusterVerb::kResume:
    case ClusterVerb::kRestart:
      app.add_option("N", texts.nodes, "Numbers of nodes");
      break;
    case ClusterVerb::kAdd:
      option("zone", "Zone of the node [the one with the fewest]");
      break;
    case ClusterVerb::kDecommission:
      app.add_option("N", texts.nodes, "Number of a node");
      option("peers", "--cluster-addr of other nodes, for a cluster that was started by hand");
      break;
    case ClusterVerb::kFinalizeVersion:
      option("peers", "--cluster-addr of nodes, for a cluster that was started by hand");
      break;
    case ClusterVerb::kLogs:
      app.add_option("N", texts.nodes, "Number of a node");
      app.add_flag("-f,--follow", texts.follow, "Go on printing what is added");
      app.add_option("-n,--lines", texts.values["lines"], "Lines to begin with [100]")->take_last();
      break;
    case ClusterVerb::kDrill:
      app.add_option("DRILL", texts.values["drill"], "leader-kill");
      option("rounds", "How often [5]");
      option("rate", "Writes a second [200]");
      break;
    default:
      break;
  }
}

model::Result<unsigned, Message> number(const std::string& what, const std::string& text, unsigned least,
                                        unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return usage_error(what + ": '" + text + "' is not a number from " + std::to_string(least) + " to " +
                       std::to_string(most));
  }
  return value;
}

// `all`: they are to be all nodes of a cluster.
model::Result<std::vector<net::LinkAddress>, Message> read_peers(const std::string& text, bool all) {
  std::vector<net::LinkAddress> peers;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one, ',');) {
    one.erase(0, one.find_first_not_of(' '));
    one.erase(one.find_last_not_of(' ') + 1);
    if (one.empty()) continue;
    auto address = net::parse_link_address(one);
    if (!address) return usage_error("peers: " + address.error());
    if (std::find(peers.begin(), peers.end(), *address) != peers.end())
      return usage_error("peers: " + one + " is there twice");
    peers.push_back(std::move(*address));
  }
  if (peers.empty()) return usage_error("init needs --peers HOST:PORT,...: the --cluster-addr of every node");
  if (all && peers.size() == 2) {
    return usage_error(
        "peers: two nodes make no cluster, since a majority of two is two and the loss of either "
        "stops both; give 1, or 3 and more");
  }
  return peers;
}

std::optional<Message> check_counts(const ClusterCommand& command) {
  const unsigned nodes = command.node_count.value_or(kClusterNodesDefault);
  if (nodes == 2) {
    return usage_error(
               "nodes: 2 is refused, since a majority of two is two and the loss of either stops both; "
               "give 1, or 3 to 9")
        .error;
  }
  if (command.node_count && command.zone_count && *command.zone_count > nodes) {
    return usage_error("zones: " + std::to_string(*command.zone_count) +
                       " zones need as many nodes; there are " + std::to_string(nodes))
        .error;
  }
  return std::nullopt;
}

// The numbers among the flags, each to its place.
std::optional<Message> fill_numbers(ClusterCommand& command, const Texts& texts) {
  const auto read = [&](const char* name, unsigned least, unsigned most,
                        auto&& store) -> std::optional<Message> {
    const auto text = texts.values.find(name);
    if (text == texts.values.end() || text->second.empty()) return std::nullopt;
    auto value = number(name, text->second, least, most);
    if (!value) return std::move(value).error();
    store(*value);
    return std::nullopt;
  };
  if (auto wrong = read("nodes", 1, kClusterNodesMax, [&](unsigned n) { command.node_count = n; }))
    return wrong;
  if (auto wrong = read("zones", 1, kClusterNodesMax, [&](unsigned n) { command.zone_count = n; }))
    return wrong;
  if (auto wrong =
          read("port", 1, kFirstPortMax, [&](unsigned n) { command.port = static_cast<uint16_t>(n); }))
    return wrong;
  if (auto wrong = read("partitions-per-table", 0, kPartitionsPerTableMax,
                        [&](unsigned n) { command.partitions_per_table = n; }))
    return wrong;
  if (auto wrong = read("rounds", 1, kDrillRoundsMax, [&](unsigned n) { command.rounds = n; })) return wrong;
  if (auto wrong = read("rate", 1, kDrillRateMax, [&](unsigned n) { command.rate = n; })) return wrong;
  return read("lines", 0, kLogLinesMax, [&](unsigned n) { command.lines = n; });
}

std::optional<Message> fill_nodes(ClusterCommand& command, const Texts& texts, const char* verb) {
  for (const std::string& text : texts.nodes) {
    const auto node = number("node", text, 1, kClusterNodeIdMax);
    if (!node) return node.error();
    if (std::find(command.nodes.begin(), command.nodes.end(), *node) == command.nodes.end())
      command.nodes.push_back(*node);
  }
  const bool takes_nodes = command.verb == ClusterVerb::kKill || command.verb == ClusterVerb::kPause ||
                           command.verb == ClusterVerb::kResume || command.verb == ClusterVerb::kRestart ||
                           command.verb == ClusterVerb::kLogs || command.verb == ClusterVerb::kDecommission;
  if (takes_nodes && command.nodes.empty()) {
    return usage_error(std::string(verb) + " needs the number of a node, as in `stator cluster " + verb +
                       " 1`")
        .error;
  }
  const bool one = command.verb == ClusterVerb::kLogs || command.verb == ClusterVerb::kDecommission;
  if (one && command.nodes.size() > 1) return usage_error(std::string(verb) + " takes one node at a time").error;
  return std::nullopt;
}

model::Result<ClusterCommand, Message> fill(const Verb& verb, const Texts& texts) {
  ClusterCommand command;
  command.verb = verb.verb;
  command.foreground = texts.foreground;
  command.follow = texts.follow;
  const auto value = [&](const char* name) {
    const auto at = texts.values.find(name);
    return at == texts.values.end() ? std::string() : at->second;
  };
  if (const std::string folder = value("data-dir"); !folder.empty()) command.data_dir = folder;
  if (const std::string output = value("output"); output == "json") {
    command.json = true;
  } else if (!output.empty() && output != "text") {
    return usage_error("output: '" + output + "' is neither text nor json");
  }
  if (const std::string throttling = value("throttling"); throttling == "on" || throttling == "off") {
    command.throttling = throttling == "on";
  } else if (!throttling.empty()) {
    return usage_error("throttling: '" + throttling + "' is neither on nor off");
  }
  if (auto wrong = fill_numbers(command, texts)) return Failed(std::move(*wrong));
  if (auto wrong = fill_nodes(command, texts, verb.name)) return Failed(std::move(*wrong));
  if (auto wrong = check_counts(command)) return Failed(std::move(*wrong));
  if (command.verb == ClusterVerb::kDrill && value("drill") != "leader-kill") {
    const std::string given = value("drill");
    return usage_error(given.empty() ? "drill needs the name of a drill: leader-kill"
                                     : "there is no drill '" + given + "'; there is leader-kill");
  }
  command.zone = value("zone");
  if (!command.zone.empty() && !is_zone_name(command.zone))
    return usage_error("zone: '" + command.zone + "' is no name of letters, digits, '-', '_' and '.'");
  const bool init = command.verb == ClusterVerb::kInit;
  if (init || !value("peers").empty()) {
    auto peers = read_peers(value("peers"), init);
    if (!peers) return Failed(std::move(peers).error());
    command.peers = std::move(*peers);
  }
  return command;
}

}  // namespace

model::Result<ClusterCommand, Message> read_cluster_command(const std::vector<std::string>& arguments,
                                                            std::string_view program) {
  const std::string name = std::string(program) + " cluster";
  CLI::App app{"Starts and drives a cluster of real processes on this machine"};
  app.name(name);
  app.require_subcommand(1);
  std::map<ClusterVerb, Texts> texts;
  std::map<ClusterVerb, CLI::App*> apps;
  for (const Verb& verb : kVerbs) {
    CLI::App* sub = app.add_subcommand(verb.name, verb.help);
    add_options(*sub, verb.verb, texts[verb.verb]);
    apps[verb.verb] = sub;
  }
  if (arguments.empty()) return Failed({app.help(), kUsageError});
  const auto named = [&](const Verb& verb) { return arguments.front() == verb.name; };
  if (!arguments.front().starts_with('-') && std::none_of(kVerbs.begin(), kVerbs.end(), named)) {
    return usage_error("there is no cluster command '" + arguments.front() + "'; `" + name +
                       " --help` lists them");
  }
  auto reversed = arguments;
  std::reverse(reversed.begin(), reversed.end());  // CLI11 takes a vector from its end
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0)
      return usage_error(std::string(error.what()) + "; `" + name + " --help` tells more");
    std::ostringstream out;
    std::ostringstream ignored;
    app.exit(error, out, ignored);
    return Failed({out.str(), 0});
  }
  for (const Verb& verb : kVerbs) {
    if (apps[verb.verb]->parsed()) return fill(verb, texts[verb.verb]);
  }
  return Failed({app.help(), kUsageError});
}

}  // namespace stator::cli
