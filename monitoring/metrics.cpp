// The names, the help texts and the buckets of all metrics. A new metric is a member in metrics.h and an
// entry here.
#include "monitoring/metrics.h"

#include <prometheus/text_serializer.h>

#include "model/assert.h"

namespace stator::monitoring {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Histogram;

// Requests: 100 us (an in-memory get) to 10 s (beyond the gateway's deadline), 1-2.5-5.
Histogram::BucketBoundaries request_buckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}
// A sync: 50 us (a cache that lies) to 5 s (a disk that dies).
Histogram::BucketBoundaries fsync_buckets() {
  return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
}
Histogram::BucketBoundaries batch_buckets() { return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096}; }

std::string_view database_name(size_t database) { return database == 0 ? "log" : "items"; }

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry).Add({});
}
prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

Metrics::Metrics(std::string_view version)
    : request_duration_(BuildHistogram()
                            .Name("stator_request_duration_seconds")
                            .Help("Time from a request read to its answer made, successful requests only.")
                            .Register(registry_)),
      throttled_requests_(BuildCounter()
                              .Name("stator_throttled_requests_total")
                              .Help("Requests refused for throughput.")
                              .Register(registry_)),
      returned_items_(BuildCounter()
                          .Name("stator_returned_items_total")
                          .Help("Items returned by reads.")
                          .Register(registry_)),
      errors_(BuildCounter()
                  .Name("stator_errors_total")
                  .Help("Errors answered, by whose fault they are; failed conditions and throttling are not "
                        "among them.")
                  .Register(registry_)),
      throttle_events_(BuildCounter()
                           .Name("stator_throttle_events_total")
                           .Help("Reads, writes and parts of batches refused for throughput by what this node leads.")
                           .Register(registry_)),
      mailbox_depth_(BuildGauge()
                         .Name("stator_mailbox_depth")
                         .Help("Messages waiting in the actors of a kind.")
                         .Register(registry_)),
      replication_lag_entries_(BuildGauge()
                                   .Name("stator_replication_lag_entries")
                                   .Help("Of the partitions led by this node: entries that a follower's node misses.")
                                   .Register(registry_)),
      conditional_check_failed_total(counter(registry_, "stator_conditional_check_failed_total",
                                             "Writes whose condition did not hold.")),
      open_connections(gauge(registry_, "stator_open_connections", "Client connections that are open.")),
      request_memory_bytes(gauge(registry_, "stator_request_memory_bytes",
                                 "Memory held by requests being read, run and answered.")),
      refused_requests_total(counter(registry_, "stator_refused_requests_total",
                                     "Requests refused unread: broken HTTP, size, memory, deadline.")),
      log_fsync_duration_seconds(BuildHistogram()
                                     .Name("stator_log_fsync_duration_seconds")
                                     .Help("Time of one synced batch of the Raft log.")
                                     .Register(registry_)
                                     .Add({}, fsync_buckets())),
      log_batch_entries(BuildHistogram()
                            .Name("stator_log_batch_entries")
                            .Help("Raft entries in one synced batch.")
                            .Register(registry_)
                            .Add({}, batch_buckets())),
      log_written_bytes_total(
          counter(registry_, "stator_log_written_bytes_total", "Bytes of Raft entries written.")),
      leaders(gauge(registry_, "stator_leaders", "Replicas of this node that lead their partition.")),
      followers(gauge(registry_, "stator_followers", "Replicas of this node that follow.")),
      elections_total(
          counter(registry_, "stator_elections_total", "Elections that replicas of this node began.")),
      replication_lag_seconds(gauge(registry_, "stator_replication_lag_seconds",
                                    "Age of what the slowest follower on this node has applied.")),
      link_peers(gauge(registry_, "stator_link_peers", "Other nodes that are connected.")),
      link_dials_total(counter(registry_, "stator_link_dials_total", "Connections to other nodes that were tried.")),
      link_peers_lost_total(counter(registry_, "stator_link_peers_lost_total", "Times that a connected node was lost.")),
      link_handshakes_refused_total(counter(registry_, "stator_link_handshakes_refused_total",
                                            "Connections between nodes that one of the two refused.")),
      link_garbage_total(counter(registry_, "stator_link_garbage_total",
                                 "Connections closed since what came over them was no frame.")),
      link_connections_refused_total(counter(registry_, "stator_link_connections_refused_total",
                                             "Connections on the node's port closed since there were too many.")),
      link_expired_requests_total(counter(registry_, "stator_link_expired_requests_total",
                                          "Requests of other nodes that came too late to be answered.")),
      disk_free_bytes(gauge(registry_, "stator_disk_free_bytes", "Free on the disk of the data folder.")),
      clock_astray(gauge(registry_, "stator_clock_astray",
                         "1 while this node's clock is more than a second from its peers' median.")),
      index_marks_waiting(gauge(registry_, "stator_index_marks_waiting",
                                "Changes of items that a global index has not seen yet, of partitions led here.")),
      index_lag_seconds(gauge(registry_, "stator_index_lag_seconds",
                              "For how long the oldest of the changes has waited that a global index has not seen yet.")),
      index_build_remaining_items(gauge(registry_, "stator_index_build_remaining_items",
                                        "Items still to be read for indexes that are being made, of partitions led here.")),
      index_build_items_total(
          counter(registry_, "stator_index_build_items_total", "Items read for indexes that are being made.")),
      index_build_skipped_items_total(
          counter(registry_, "stator_index_build_skipped_items_total",
                  "Items left out of an index that was made: an attribute cannot be the index's key.")) {
  BuildGauge()
      .Name("stator_build_info")
      .Help("Always 1; the labels say what was built.")
      .Register(registry_)
      .Add({{"version", std::string(version)}, {"compiler", __VERSION__}})
      .Set(1);
  auto& frames = BuildCounter()
                     .Name("stator_link_frames_total")
                     .Help("Frames between nodes, by class of connection and direction.")
                     .Register(registry_);
  auto& link_bytes = BuildCounter()
                         .Name("stator_link_bytes_total")
                         .Help("Bytes between nodes, by class of connection and direction.")
                         .Register(registry_);
  static constexpr std::array<const char*, kLinkClasses> kClassNames{"control", "data", "bulk", "request"};
  for (size_t i = 0; i < kLinkClasses; ++i) {
    const auto labels = [&](const char* direction) {
      return prometheus::Labels{{"class", kClassNames[i]}, {"direction", direction}};
    };
    link_classes_[i] = {&frames.Add(labels("in")), &frames.Add(labels("out")), &link_bytes.Add(labels("in")),
                        &link_bytes.Add(labels("out"))};
  }
  auto& files = BuildGauge()
                    .Name("stator_leveldb_files")
                    .Help("Table files of a LevelDB, by level.")
                    .Register(registry_);
  auto& bytes = BuildGauge()
                    .Name("stator_leveldb_bytes")
                    .Help("Bytes in table files of a LevelDB, by level.")
                    .Register(registry_);
  for (size_t database = 0; database < kDatabases; ++database) {
    for (size_t level = 0; level < kLevelDbLevels; ++level) {
      const prometheus::Labels labels{{"database", std::string(database_name(database))},
                                      {"level", std::to_string(level)}};
      level_files_[database][level] = &files.Add(labels);
      level_bytes_[database][level] = &bytes.Add(labels);
    }
  }
}

std::string Metrics::exposition() {
  const std::lock_guard lock(hooks_mutex_);
  for (const auto& hook : hooks_) hook();
  auto families = registry_.Collect();
  const auto append = [&](std::vector<prometheus::MetricFamily> more) {
    families.insert(families.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  };
  append(table_capacity_.Collect());
  append(process_.Collect());
  return prometheus::TextSerializer().Serialize(families);
}

void Metrics::on_scrape(std::function<void()> hook) {
  STATOR_ASSERT(hook != nullptr, "a hook that can be called");
  const std::lock_guard lock(hooks_mutex_);
  hooks_.push_back(std::move(hook));
}

void Metrics::remove_hooks() {
  const std::lock_guard lock(hooks_mutex_);
  hooks_.clear();
}

OperationMetrics Metrics::operation(std::string_view name) {
  const prometheus::Labels labels{{"operation", std::string(name)}};
  return OperationMetrics{request_duration_.Add(labels, request_buckets()), throttled_requests_.Add(labels),
                          returned_items_.Add(labels)};
}

prometheus::Counter& Metrics::errors(ErrorClass error_class, std::string_view code) {
  return errors_.Add(
      {{"class", error_class == ErrorClass::kUser ? "user" : "system"}, {"code", std::string(code)}});
}

prometheus::Counter& Metrics::throttle_events(std::string_view reason) {
  return throttle_events_.Add({{"reason", std::string(reason)}});
}

prometheus::Gauge& Metrics::mailbox_depth(std::string_view actor) {
  return mailbox_depth_.Add({{"actor", std::string(actor)}});
}

void Metrics::set_link(const LinkCounts& counts) {
  const auto raise = [](prometheus::Counter& counter, uint64_t to) {
    const double by = static_cast<double>(to) - counter.Value();
    if (by > 0) counter.Increment(by);
  };
  for (size_t i = 0; i < kLinkClasses; ++i) {
    raise(*link_classes_[i].frames_in, counts.frames_in[i]);
    raise(*link_classes_[i].frames_out, counts.frames_out[i]);
    raise(*link_classes_[i].bytes_in, counts.bytes_in[i]);
    raise(*link_classes_[i].bytes_out, counts.bytes_out[i]);
  }
  link_peers.Set(static_cast<double>(counts.peers));
  raise(link_dials_total, counts.dials);
  raise(link_peers_lost_total, counts.peers_lost);
  raise(link_handshakes_refused_total, counts.handshakes_refused);
  raise(link_garbage_total, counts.garbage_closes);
  raise(link_connections_refused_total, counts.accepts_refused);
  raise(link_expired_requests_total, counts.expired_requests);
}

prometheus::Gauge& Metrics::replication_lag_entries(uint64_t node) {
  return replication_lag_entries_.Add({{"node", std::to_string(node)}});
}

void Metrics::set_levels(Database database, const LevelStats& stats) {
  const auto at = static_cast<size_t>(database);
  for (size_t level = 0; level < kLevelDbLevels; ++level) {
    level_files_[at][level]->Set(static_cast<double>(stats.files[level]));
    level_bytes_[at][level]->Set(static_cast<double>(stats.bytes[level]));
  }
}

}  // namespace stator::monitoring
