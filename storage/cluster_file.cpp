// DIR/CLUSTER as text, one fact a line, the checksum of all before it at the end:
//
//   stator-cluster 1
//   cluster 00112233445566778899aabbccddeeff
//   node 2
//   metadata-replica 102 late
//   member 1 1 <incarnation> LINK ZONE CLIENT ADMIN
//   ...
//   checksum 0123456789abcdef
//
// The four texts of a member are percent-encoded, and "-" where they are empty, so that a line splits at its
// spaces.
#include "storage/cluster_file.h"

#include <charconv>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "model/checksum.h"
#include "storage/durable_file.h"
#include "storage/status.h"

namespace stator::storage {

namespace {

constexpr std::string_view kFileName = "/CLUSTER";
constexpr std::string_view kMagic = "stator-cluster ";
constexpr std::string_view kFirstLine = "stator-cluster 1";
constexpr std::string_view kHexDigits = "0123456789abcdef";

using Bytes16 = std::array<uint8_t, 16>;

std::string hex(const Bytes16& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 15]);
  }
  return text;
}

std::string checksum_line(std::string_view text) {
  char line[32];
  std::snprintf(line, sizeof line, "checksum %016llx\n",
                static_cast<unsigned long long>(model::checksum_of({text})));
  return line;
}

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._:[]/@+").find(c) != std::string_view::npos;
}

std::string escape(std::string_view text) {
  if (text.empty()) return "-";
  std::string out;
  for (const char c : text) {
    if (plain(c) || (c == '-' && text.size() > 1)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  }
  return out;
}

// Reads the words of one line, one after the other. What is not as expected makes it fail for good.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  bool starts_with(std::string_view word) {
    if (next() != word) failed_ = true;
    return !failed_;
  }
  uint64_t number() {
    const std::string_view word = next();
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (word.empty() || error != std::errc() || end != word.data() + word.size()) failed_ = true;
    return value;
  }
  Bytes16 bytes() {
    const std::string_view word = next();
    Bytes16 value{};
    if (word.size() != 2 * value.size()) failed_ = true;
    for (size_t i = 0; i < value.size() && !failed_; ++i)
      value[i] = static_cast<uint8_t>(digit(word[2 * i]) << 4 | digit(word[2 * i + 1]));
    return value;
  }
  std::string text() {
    const std::string_view word = next();
    if (word == "-") return {};
    std::string value;
    for (size_t i = 0; i < word.size(); ++i) {
      if (word[i] != '%') {
        value.push_back(word[i]);
      } else if (i + 2 < word.size()) {
        value.push_back(static_cast<char>(digit(word[i + 1]) << 4 | digit(word[i + 2])));
        i += 2;
      } else {
        failed_ = true;
      }
    }
    if (word.empty()) failed_ = true;
    return value;
  }
  // The last word, where there is one more.
  bool has_last(std::string_view word) {
    if (rest_.empty()) return false;
    return starts_with(word);
  }
  // Everything was as expected, and nothing is left.
  bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view next() {
    const size_t space = rest_.find(' ');
    const std::string_view word = rest_.substr(0, space);
    rest_.remove_prefix(space == std::string_view::npos ? rest_.size() : space + 1);
    return word;
  }
  unsigned digit(char c) {
    const size_t value = kHexDigits.find(c);
    if (value == std::string_view::npos) failed_ = true;
    return static_cast<unsigned>(value & 15);
  }

  std::string_view rest_;
  bool failed_ = false;
};

std::string encode(const ClusterFile& cluster) {
  std::string text(kFirstLine);
  text += "\ncluster " + hex(cluster.cluster_id);
  text += "\nnode " + std::to_string(cluster.node.value);
  text += "\nmetadata-replica " + std::to_string(cluster.metadata_replica.value) +
          (cluster.late ? " late" : "");
  for (const ClusterMember& member : cluster.members) {
    text += "\nmember " + std::to_string(member.node.value) + " " +
            std::to_string(member.metadata_replica.value) + " " + hex(member.incarnation) + " " +
            escape(member.link_address) + " " + escape(member.zone) + " " + escape(member.client_address) +
            " " + escape(member.admin_address);
  }
  text += "\n";
  return text + checksum_line(text);
}

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// nullopt: not what encode() writes.
std::optional<ClusterFile> decode(std::string_view text) {
  const size_t last = text.rfind("checksum ");
  if (last == std::string_view::npos || text.substr(last) != checksum_line(text.substr(0, last)))
    return std::nullopt;
  text = text.substr(0, last);
  if (take_line(text) != kFirstLine) return std::nullopt;
  ClusterFile cluster;
  Line id(take_line(text));
  if (id.starts_with("cluster")) cluster.cluster_id = id.bytes();
  Line node(take_line(text));
  if (node.starts_with("node")) cluster.node = model::NodeId(node.number());
  Line replica(take_line(text));
  if (replica.starts_with("metadata-replica")) {
    cluster.metadata_replica = model::ReplicaId(replica.number());
    cluster.late = replica.has_last("late");
  }
  if (!id.done() || !node.done() || !replica.done()) return std::nullopt;
  while (!text.empty()) {
    Line line(take_line(text));
    ClusterMember& member = cluster.members.emplace_back();
    if (!line.starts_with("member")) return std::nullopt;
    member.node = model::NodeId(line.number());
    member.metadata_replica = model::ReplicaId(line.number());
    member.incarnation = line.bytes();
    member.link_address = line.text();
    member.zone = line.text();
    member.client_address = line.text();
    member.admin_address = line.text();
    if (!line.done()) return std::nullopt;
  }
  return cluster;
}

}  // namespace

Result<std::optional<ClusterFile>> read_cluster_file(FileSystem& files, const std::string& folder) {
  const std::string path = folder + std::string(kFileName);
  if (!files.FileExists(path)) return std::optional<ClusterFile>();
  constexpr const char* kCannotRead = "Cannot read which cluster the data folder belongs to";
  uint64_t bytes = 0;
  std::string text;
  leveldb::Status status = files.GetFileSize(path, &bytes);
  const Error damaged{ErrorCode::kCorruption,
                      "The file that says which cluster the data folder belongs to is damaged; restore "
                      "it, or wipe the data folder and let the node rejoin",
                      path};
  if (status.ok() && bytes > kClusterFileBytesMax) return Failure(damaged);
  if (status.ok()) status = leveldb::ReadFileToString(&files, path, &text);
  if (!status.ok()) return Failure(to_error(status, kCannotRead, path));
  const size_t end = text.find('\n');
  const std::string first = text.substr(0, end);
  if (end != std::string::npos && first.starts_with(kMagic) && first != kFirstLine) {
    return Failure(Error{ErrorCode::kFormat,
                         "The data folder belongs to a cluster in a format that this version does not "
                         "know (\"" + first + "\"); run the version that wrote it",
                         path});
  }
  std::optional<ClusterFile> cluster = decode(text);
  if (!cluster) return Failure(damaged);
  return cluster;
}

Result<void> write_cluster_file(FileSystem& files, const std::string& folder, const ClusterFile& cluster) {
  return write_durably(files, folder + std::string(kFileName), encode(cluster));
}

Result<void> remove_cluster_file(FileSystem& files, const std::string& folder) {
  const std::string path = folder + std::string(kFileName);
  for (const std::string& file : {path, path + std::string(kTemporarySuffix)}) {
    if (!files.FileExists(file)) continue;
    const leveldb::Status status = files.RemoveFile(file);
    if (!status.ok())
      return Failure(to_error(status, "Cannot take the data folder out of its cluster", file));
  }
  return {};
}

}  // namespace stator::storage
