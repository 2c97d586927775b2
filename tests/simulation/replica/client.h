// A client of the simulated cluster, one call at a time: it sends, waits, sends again under the same request
// id, to another server where one said nothing, and keeps the history that the checkers read.
//
// A call without a request id is not sent again once its outcome is unknown. One thing a client of the
// simulation does not do: a message of an attempt never arrives after the next attempt was made, except for
// operations that always write. A condition that failed is not remembered (cluster/request_ids.h), so its
// late copy would be evaluated anew.
#pragma once

#include <optional>
#include <vector>

#include "tests/simulation/replica/linearizability.h"
#include "tests/simulation/replica/server.h"
#include "tests/simulation/replica/workload.h"
#include "tests/simulation/replica/world.h"

namespace stator::replica_simulation {

// What happened to one call.
struct Call {
  uint32_t key = 0;
  Operation operation;  // with the outcome; returned = kNever while it is open, and where it stays unknown
  std::optional<cluster::RequestId> id;
  api::RequestPtr request;
  uint64_t attempts = 0;
  bool over = false;
  bool maybe = false;  // an attempt's outcome is unknown
};

// Whether a late copy of it, under its request id, can do no harm but by being applied again.
bool always_writes(const Op& op);
// The latest attempt of the call of that number.
Attempt attempt_of(const Call& call, uint64_t number);

class Client {
 public:
  // `send` takes an attempt to a server.
  using Send = std::function<void(uint64_t server, const Attempt& attempt, uint64_t delay)>;

  struct Habits {
    uint32_t lost = 0;           // of 1,000 messages, each way
    uint32_t without_id = 0;     // of 1,000 calls
    uint32_t duplicated = 0;     // of 1,000 attempts that may be
    uint32_t pause_max = 60;     // between calls
    uint32_t wander = 0;         // of 1,000 calls: to any server, not to the one that answered last
    uint32_t late_max = 3'000;   // a duplicate arrives so late at most
    uint64_t patience = kNever;  // a call is given up after so long: within what is remembered of requests
  };

  Client(World& world, uint64_t number, uint32_t servers, std::vector<Call>& calls, Send send)
      : world_(world), number_(number), servers_(servers), calls_(calls), send_(std::move(send)) {}

  void set_habits(Habits habits) { habits_ = habits; }
  // No new calls after the one under way.
  void stop() { stopped_ = true; }
  bool idle() const { return !open_ && wanted_.empty(); }

  void begin();
  // One strong read, after the last call. Those asked for wait for each other.
  void read(uint32_t key);
  // What a server says to an attempt of this client.
  void answered(uint64_t call, uint64_t attempt, const api::Result<api::Answer>& result);

 private:
  Call& call() { return calls_[*open_]; }
  void call_anew();
  void next_wanted();
  void open(uint32_t key, Op op);
  void attempt();
  void attempt_later(uint64_t delay);
  void give_up_or_retry();
  void finish();

  World& world_;
  const uint64_t number_;
  const uint32_t servers_;
  std::vector<Call>& calls_;
  const Send send_;
  Habits habits_;
  std::optional<size_t> open_;  // index into calls_
  uint64_t heard_ = 0;          // the attempt of the open call that was refused, if that was the last one
  bool stopped_ = false;
  std::vector<uint32_t> wanted_;  // keys, the last one first
  uint64_t server_ = 1;           // the one that answered last, or is tried next
  int seen_ = 0;                  // a value of v
};

}  // namespace stator::replica_simulation
