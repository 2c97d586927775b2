// The log entry's fixed header: sealing, verifying. Bodies are in log_bodies.cpp.
#include "cluster/log_entry.h"

#include <bit>
#include <cstring>

#define XXH_STATIC_LINKING_ONLY  // the streaming state, by value
#include <xxhash.h>

#include "model/assert.h"

namespace stator::cluster {
namespace {

static_assert(std::endian::native == std::endian::little, "headers are stored in the machine's order");

constexpr size_t kChecksumOffset = 72;

template <class T>
void put(char* header, size_t offset, T value) {
  std::memcpy(header + offset, &value, sizeof value);
}
template <class T>
T get(std::string_view header, size_t offset) {
  T value;
  std::memcpy(&value, header.data() + offset, sizeof value);
  return value;
}

bool is_known(LogKind kind) {
  switch (kind) {
    case LogKind::kNoop:
    case LogKind::kWrite:
    case LogKind::kMembership:
    case LogKind::kSchema:
    case LogKind::kMetadata:
      return true;
  }
  return false;
}

uint64_t checksum_of(std::string_view head, std::string_view body) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, head.data(), head.size());
  XXH3_64bits_update(&state, body.data(), body.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace

std::string_view log_entry_error_text(LogEntryError error) {
  switch (error) {
    case LogEntryError::kTruncated:
      return "log entry is not as long as its header says";
    case LogEntryError::kUnknownFormat:
      return "log entry has a format or kind that this version does not know";
    case LogEntryError::kChecksum:
      return "log entry's checksum does not match its bytes";
    case LogEntryError::kMalformed:
      return "log entry's body is not what its kind says";
  }
  return "unknown log entry error";
}

std::shared_ptr<const std::string> seal_log_entry(LogHeader& header, std::string_view body) {
  STATOR_ASSERT(is_known(header.kind), "a kind that readers know");
  STATOR_ASSERT(body.size() <= kLogBodyMax, "bodies are bounded where they are made");
  auto entry = std::make_shared<std::string>();
  entry->reserve(kLogHeaderSize + body.size());
  entry->resize(kLogHeaderSize, '\0');
  char* out = entry->data();
  put<uint8_t>(out, 0, static_cast<uint8_t>(kLogFormatVersion));
  put<uint8_t>(out, 1, static_cast<uint8_t>(header.kind));
  put<uint32_t>(out, 4, header.active_version);
  put<uint64_t>(out, 8, header.partition.value);
  put<uint32_t>(out, 16, header.range_epoch);
  put<uint32_t>(out, 20, header.schema_version);
  put<uint64_t>(out, 24, header.table.value);
  put<uint64_t>(out, 32, header.term);
  put<uint64_t>(out, 40, header.index);
  put<uint64_t>(out, 48, header.stamp.micros);
  put<uint32_t>(out, 56, header.key_id);
  put<uint32_t>(out, 60, static_cast<uint32_t>(body.size()));
  put<uint64_t>(out, 64, header.previous_checksum);
  header.checksum = checksum_of({out, kChecksumOffset}, body);
  put<uint64_t>(out, kChecksumOffset, header.checksum);
  entry->append(body);
  return entry;
}

model::Result<LogHeader, LogEntryError> decode_log_header(std::string_view entry) {
  if (entry.size() < kLogHeaderSize) return model::Failure(LogEntryError::kTruncated);
  if (get<uint8_t>(entry, 0) != kLogFormatVersion) return model::Failure(LogEntryError::kUnknownFormat);
  LogHeader header;
  header.kind = static_cast<LogKind>(get<uint8_t>(entry, 1));
  if (get<uint32_t>(entry, 60) != entry.size() - kLogHeaderSize)
    return model::Failure(LogEntryError::kTruncated);
  header.checksum = get<uint64_t>(entry, kChecksumOffset);
  if (checksum_of(entry.substr(0, kChecksumOffset), log_body(entry)) != header.checksum) {
    return model::Failure(LogEntryError::kChecksum);
  }
  if (!is_known(header.kind) || get<uint16_t>(entry, 2) != 0)
    return model::Failure(LogEntryError::kUnknownFormat);
  header.active_version = get<uint32_t>(entry, 4);
  header.partition = model::PartitionId(get<uint64_t>(entry, 8));
  header.range_epoch = get<uint32_t>(entry, 16);
  header.schema_version = get<uint32_t>(entry, 20);
  header.table = model::TableId(get<uint64_t>(entry, 24));
  header.term = get<uint64_t>(entry, 32);
  header.index = get<uint64_t>(entry, 40);
  header.stamp = model::Stamp{get<uint64_t>(entry, 48)};
  header.key_id = get<uint32_t>(entry, 56);
  header.previous_checksum = get<uint64_t>(entry, 64);
  return header;
}

bool matches(const LogHeader& header, model::PartitionId partition, const raft::Entry& entry) {
  raft::EntryKind kind = raft::EntryKind::kNormal;
  if (header.kind == LogKind::kNoop) kind = raft::EntryKind::kNoop;
  if (header.kind == LogKind::kMembership) kind = raft::EntryKind::kMembership;
  return header.partition == partition && header.index == entry.index && header.term == entry.term &&
         kind == entry.kind;
}

std::string_view log_body(std::string_view entry) {
  STATOR_ASSERT(entry.size() >= kLogHeaderSize, "the header was decoded");
  return entry.substr(kLogHeaderSize);
}

}  // namespace stator::cluster
