// Reading LevelDB's log format without LevelDB (wal_format.h). Pure.
#include "storage/wal_format.h"

#include <algorithm>
#include <cstring>

#include "storage/crc32c.h"

namespace stator::storage {

namespace {

enum Type : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

template <class T>
T read_le(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

struct Physical {
  uint8_t type = 0;
  std::string_view payload;
  size_t end = 0;  // behind it
};

// The physical record at `at`; nullopt with a reason where there is none whose checksum holds.
std::optional<Physical> physical_at(std::string_view log, size_t at, std::string* problem) {
  const auto fail = [problem](const char* why) {
    if (problem) *problem = why;
    return std::nullopt;
  };
  const size_t block_end = std::min(log.size(), (at / kWalBlock + 1) * kWalBlock);
  if (block_end - at < kWalHeader) return fail("a record header is cut off");
  const size_t length = read_le<uint16_t>(log.data() + at + 4);
  const uint8_t type = static_cast<uint8_t>(log[at + 6]);
  if (type < kFull || type > kLast) return fail("an unknown record type, or zeroes");
  if (length > block_end - at - kWalHeader) return fail("a record is cut off");
  const uint32_t stored = read_le<uint32_t>(log.data() + at);
  if (masked_crc32c(crc32c(log.substr(at + 6, 1 + length))) != stored)
    return fail("a checksum does not hold");
  return Physical{type, log.substr(at + kWalHeader, length), at + kWalHeader + length};
}

// Behind the padding at a block's end.
size_t skip_padding(size_t at) {
  const size_t left = kWalBlock - at % kWalBlock;
  return left < kWalHeader ? at + left : at;
}

// The logical record whose first fragment is at `at`. `scratch` holds it where it is in pieces.
struct Logical {
  std::string_view payload;
  size_t end = 0;
};
std::optional<Logical> logical_at(std::string_view log, size_t at, std::string& scratch,
                                  std::string* problem) {
  const auto first = physical_at(log, at, problem);
  if (!first) return std::nullopt;
  if (first->type == kFull) return Logical{first->payload, first->end};
  if (first->type != kFirst) {
    if (problem) *problem = "a fragment without its beginning";
    return std::nullopt;
  }
  scratch.assign(first->payload);
  size_t next = skip_padding(first->end);
  while (true) {
    if (next >= log.size()) {
      if (problem) *problem = "a record without its end";
      return std::nullopt;
    }
    const auto fragment = physical_at(log, next, problem);
    if (!fragment) return std::nullopt;
    if (fragment->type != kMiddle && fragment->type != kLast) {
      if (problem) *problem = "a record without its end";
      return std::nullopt;
    }
    scratch.append(fragment->payload);
    if (fragment->type == kLast) return Logical{scratch, fragment->end};
    next = skip_padding(fragment->end);
  }
}

bool take_varint(std::string_view& in, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool take_bytes(std::string_view& in) {
  uint64_t size = 0;
  if (!take_varint(in, size) || size > in.size()) return false;
  in.remove_prefix(size);
  return true;
}

}  // namespace

WalScan scan_wal(std::string_view log, const std::function<std::string(std::string_view)>& accept) {
  WalScan scan;
  std::string scratch;
  while (true) {
    const size_t at = skip_padding(scan.good_end);
    if (at >= log.size()) {
      if (scan.good_end < log.size() && at > log.size()) scan.problem = "padding is cut off";
      return scan;
    }
    const auto record = logical_at(log, at, scratch, &scan.problem);
    if (!record) {
      if (log.find_first_not_of('\0', scan.good_end) == std::string_view::npos) scan.problem.clear();
      return scan;
    }
    scan.problem = accept(record->payload);
    if (!scan.problem.empty()) return scan;
    scan.good_end = record->end;
    ++scan.records;
  }
}

bool whole_record_behind(std::string_view log, size_t from,
                         const std::function<bool(std::string_view)>& plausible) {
  std::string scratch;
  for (size_t at = from; at + kWalHeader <= log.size(); ++at) {
    const uint8_t type = static_cast<uint8_t>(log[at + 6]);
    if (type != kFull && type != kFirst) continue;
    const auto record = logical_at(log, at, scratch, nullptr);
    if (record && plausible(record->payload)) return true;
  }
  return false;
}

std::optional<WalBatch> parse_wal_batch(std::string_view payload) {
  if (payload.size() < kWalBatchHeader) return std::nullopt;
  return WalBatch{read_le<uint64_t>(payload.data()), read_le<uint32_t>(payload.data() + 8)};
}

bool take_manifest_edit(std::string_view edit, ManifestState& state) {
  enum Tag : uint64_t {
    kComparator = 1,
    kLogNumber = 2,
    kNextFile = 3,
    kLastSequence = 4,
    kCompactPointer = 5,
    kDeletedFile = 6,
    kNewFile = 7,
    kPreviousLog = 9,
  };
  ManifestState seen = state;
  uint64_t tag = 0, number = 0;
  while (!edit.empty()) {
    if (!take_varint(edit, tag)) return false;
    switch (tag) {
      case kComparator:
        if (!take_bytes(edit)) return false;
        break;
      case kLogNumber:
        if (!take_varint(edit, seen.log_number)) return false;
        break;
      case kLastSequence:
        if (!take_varint(edit, seen.last_sequence)) return false;
        break;
      case kNextFile:
      case kPreviousLog:
        if (!take_varint(edit, number)) return false;
        break;
      case kCompactPointer:  // level, key
        if (!take_varint(edit, number) || !take_bytes(edit)) return false;
        break;
      case kDeletedFile:  // level, number
        if (!take_varint(edit, number) || !take_varint(edit, number)) return false;
        break;
      case kNewFile:  // level, number, size, smallest, largest
        for (int i = 0; i < 3; ++i) {
          if (!take_varint(edit, number)) return false;
        }
        if (!take_bytes(edit) || !take_bytes(edit)) return false;
        break;
      default:
        return false;
    }
  }
  state = seen;
  return true;
}

}  // namespace stator::storage
