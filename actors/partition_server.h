// PartitionServer: carries out what is asked of a partition, on this node's replica: for the router of this node and for
// those of others. Knows nothing of where partitions are led. Any thread; never blocks.
#pragma once

#include "actors/disk_guard.h"
#include "actors/partition_call.h"
#include "actors/partition_port.h"
#include "actors/throttle.h"
#include "net/dispatcher.h"
#include "storage/item_store.h"

namespace stator::actors {

class PartitionServer {
 public:
  // All outlive this.
  PartitionServer(storage::ItemStore& items, DiskGuard& disk, Throttle& throttle)
      : items_(items), disk_(disk), throttle_(throttle) {}

  // A read of a throttled table: then only the leader, who keeps the table's throughput, may do it.
  bool is_limited(const PartitionCall& read) const { return throttle_.limited_read(read).has_value(); }

  // As the leader. `done` hears kNotLeading where this replica does not lead, or is not here: nothing was done then. Not
  // for group 0. Keep `call` until `done` was called. `batch`: partition_port.h.
  void serve(const Routes& routes, const std::shared_ptr<const PartitionCall>& call, net::Done done,
             RequestBatch* batch = nullptr);
  // A read, with what this replica holds now.
  void read_here(PartitionPort& port, const std::shared_ptr<const PartitionCall>& call, net::Done done,
                 RequestBatch* batch = nullptr);

 private:
  void write_batch(PartitionPort& port, const std::shared_ptr<const PartitionCall>& call, net::Done done,
                   RequestBatch* batch);
  // Runs on a reader's thread once it may.
  ReadJob read_job(const PartitionPort& port, std::shared_ptr<const PartitionCall> call, net::Done done);

  storage::ItemStore& items_;
  DiskGuard& disk_;
  Throttle& throttle_;
};

}  // namespace stator::actors
