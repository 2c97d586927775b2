// A peer's progress and its flow control.
#include "raft/progress.h"

#include <algorithm>

#include "model/assert.h"

namespace stator::raft {

void Progress::become_probe(bool paused) {
  next = match + 1;
  read_id = 0;
  state = Probe{paused};
}

void Progress::become_replicate() {
  next = match + 1;
  read_id = 0;
  state = Replicate{};
}

void Progress::become_snapshot(uint64_t stream) {
  read_id = 0;
  state = SnapshotTransfer{stream, 0, 0};
}

bool Progress::accepted(Index index) {
  const bool news = index > match;
  match = std::max(match, index);
  next = std::max(next, match + 1);
  if (Replicate* replicating = replicate()) replicating->inflight.free_to(index);
  return news;
}

bool Progress::rejected(Index probed, Index agree) {
  STATOR_ASSERT(next > match, "nothing is sent that is known to be there");
  if (probed <= match) return false;
  if (replicate()) {
    become_probe(false);
  } else if (Probe* probing = probe(); probing && next - 1 == probed) {
    probing->paused = false;
  } else {
    return false;
  }
  // The hint can only be a shortcut: never below what is known, and always below what was refused.
  next = std::max(std::min(probed, agree + 1), match + 1);
  return true;
}

bool Progress::paused(const Config& config) const {
  if (const Probe* probing = std::get_if<Probe>(&state)) return probing->paused;
  if (const Replicate* replicating = replicate()) {
    const Inflight& inflight = replicating->inflight;
    return inflight.messages() >= config.inflight_messages_max ||
           inflight.bytes() >= config.inflight_bytes_max;
  }
  return true;
}

}  // namespace stator::raft
