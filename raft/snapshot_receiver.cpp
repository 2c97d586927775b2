// Receiving a snapshot piece by piece.
#include "raft/snapshot_receiver.h"

namespace stator::raft {

SnapshotReceiver::Verdict SnapshotReceiver::receive(const SnapshotChunk& chunk) {
  Verdict verdict;
  const uint64_t bytes = chunk.data ? chunk.data->size() : 0;
  if (bytes == 0 && !chunk.done) return verdict;  // would be asked for for ever
  if (!transfer_ || chunk.stream > transfer_->stream) {
    if (chunk.offset != 0) {
      // The middle of a stream whose beginning is not here (this replica restarted): from the start, please.
      verdict.answer = SnapshotAck{chunk.stream, chunk.offset, 0};
      return verdict;
    }
    transfer_ = Transfer{chunk.stream, chunk.meta, 0, Writing{0, bytes, chunk.done}, false};
    verdict.write = true;
    return verdict;
  }
  if (chunk.stream < transfer_->stream || chunk.meta != transfer_->meta) return verdict;
  if (transfer_->complete || transfer_->writing) return verdict;
  if (chunk.offset != transfer_->stored) {
    verdict.answer = SnapshotAck{chunk.stream, chunk.offset, transfer_->stored};
    return verdict;
  }
  transfer_->writing = Writing{chunk.offset, bytes, chunk.done};
  verdict.write = true;
  return verdict;
}

std::optional<SnapshotAck> SnapshotReceiver::stored(uint64_t stream, uint64_t offset) {
  if (!transfer_ || transfer_->stream != stream) return std::nullopt;
  if (!transfer_->writing || transfer_->writing->offset != offset) return std::nullopt;
  transfer_->stored = offset + transfer_->writing->bytes;
  transfer_->complete = transfer_->writing->done;
  transfer_->writing.reset();
  if (transfer_->complete) return std::nullopt;
  return SnapshotAck{stream, offset, transfer_->stored};
}

}  // namespace stator::raft
