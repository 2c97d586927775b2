// Goal: a snapshot arrives as it was at one moment, whatever is written meanwhile, in pieces that can be
// asked for again; damage of any byte is found before it is written; what is not finished leaves nothing; and
// at any crash during an install there is the old state or the new one, whole.
//
//   STATOR_SNAPSHOT_MB=2048 build/tests/unit_storage --gtest_filter='SnapshotMemory.*'     a large one, on
//   disk
#include "storage/snapshot_stream.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "tests/unit/storage/fixtures.h"

namespace stator::storage {
namespace {

constexpr uint64_t kPartition = 7;
const ReplicaAddress kSender = address(kPartition, 70);
const ReplicaAddress kReceiver = address(kPartition, 71);

RowChange row(RowKind kind, std::string key, std::string value) {
  return {kind, std::move(key), std::move(value)};
}

std::unique_ptr<ItemStore> open_items(FileSystem& files, const std::string& path) {
  auto engine = Engine::open(files, path, items_engine_options());
  EXPECT_TRUE(engine.ok()) << why(engine);
  auto items = ItemStore::open(std::move(*engine));
  EXPECT_TRUE(items.ok()) << why(items);
  return std::move(*items);
}

std::vector<SnapshotPiece> all_pieces(SnapshotReader& reader) {
  std::vector<SnapshotPiece> pieces;
  uint64_t offset = 0;
  do {
    auto piece = reader.read(offset);
    EXPECT_TRUE(piece.ok()) << why(piece);
    offset += piece->bytes->size();
    pieces.push_back(std::move(*piece));
  } while (!pieces.back().last);
  return pieces;
}

std::string dump(const ItemStore& items, SpaceId space) {
  std::string text;
  for (int kind = 1; kind <= 20; ++kind) {
    auto rows = items.scan(space, static_cast<RowKind>(kind), {});
    for (; rows.valid(); rows.next()) {
      text += std::to_string(kind) + ":" + std::string(rows.key()) + "=" + std::string(rows.value()) + "\n";
    }
    EXPECT_TRUE(rows.status().ok());
  }
  return text;
}

class SnapshotStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"/sender", "/receiver"}) {
      ASSERT_TRUE(files_.CreateDir(folder).ok());
      ASSERT_TRUE(files_.sync_directory("/").ok());
    }
    sender_ = open_items(files_, "/sender");
    receiver_ = open_items(files_, "/receiver");
    space_ = *sender_->allocate_space();
    write(1, 100);
  }
  // Entries `from` to `to`: item `index`, and the same item of 7 before once more.
  void write(Index from, Index to) {
    for (Index index = from; index <= to; ++index) {
      ApplyBatch batch;
      batch.state = state_of(kSender, space_, index);
      batch.state.item_count = index;
      batch.rows.push_back(
          row(RowKind::kItem, "item " + std::to_string(index), std::string(index % 50, 'x')));
      if (index > 7) batch.rows.push_back(row(RowKind::kItem, "item " + std::to_string(index - 7), "again"));
      if (index == 5) batch.rows.push_back(row(RowKind::kSchema, "", "the table"));
      ASSERT_OK(sender_->apply(std::vector{batch}));
    }
  }
  std::unique_ptr<SnapshotReader> reader(size_t piece_bytes = 300) {
    auto reader = SnapshotReader::open(*sender_, PartitionId(kPartition), piece_bytes);
    EXPECT_TRUE(reader.ok()) << why(reader);
    return std::move(*reader);
  }
  std::unique_ptr<SnapshotWriter> writer() {
    auto writer = SnapshotWriter::begin(*receiver_, PartitionId(kPartition));
    EXPECT_TRUE(writer.ok()) << why(writer);
    return std::move(*writer);
  }
  void write_all(SnapshotWriter& writer, const std::vector<SnapshotPiece>& pieces) {
    uint64_t offset = 0;
    for (const SnapshotPiece& piece : pieces) {
      EXPECT_FALSE(writer.complete());
      ASSERT_OK(writer.write(offset, *piece.bytes));
      offset += piece.bytes->size();
    }
    EXPECT_TRUE(writer.complete());
  }

  FaultyFileSystem files_;
  std::unique_ptr<ItemStore> sender_;
  std::unique_ptr<ItemStore> receiver_;
  SpaceId space_;
};

TEST_F(SnapshotStreamTest, ArrivesAsItWasAtOneMoment) {
  auto out = reader();
  const std::string before = dump(*sender_, space_);
  EXPECT_EQ(out->state().applied.index, 100u);
  std::vector<SnapshotPiece> pieces;
  uint64_t offset = 0;
  Index next = 101;
  do {  // writes go on meanwhile
    pieces.push_back(*out->read(offset));
    offset += pieces.back().bytes->size();
    write(next, next);
    ++next;
  } while (!pieces.back().last);
  EXPECT_GT(pieces.size(), 5u);

  auto in = writer();
  write_all(*in, pieces);
  PartitionState state = in->state();
  EXPECT_EQ(state.applied.index, 100u);
  EXPECT_EQ(state.item_count, 100u);
  EXPECT_NE(dump(*sender_, space_), before);
  EXPECT_EQ(dump(*receiver_, state.space), before);
  EXPECT_EQ(state.space, in->release());
  state.replica = kReceiver.replica;
  ASSERT_OK(receiver_->apply(std::vector<ApplyBatch>{{state, {}, {}, {}}}));
  EXPECT_EQ(receiver_->partition_state(PartitionId(kPartition))->applied.index, 100u);
}

TEST_F(SnapshotStreamTest, OnePieceOfNothing) {
  const ReplicaAddress empty = address(8, 80);
  ASSERT_OK(
      sender_->apply(std::vector<ApplyBatch>{{state_of(empty, *sender_->allocate_space(), 3), {}, {}, {}}}));
  auto out = SnapshotReader::open(*sender_, empty.partition);
  ASSERT_OK(out);
  auto piece = (*out)->read(0);
  ASSERT_OK(piece);
  EXPECT_TRUE(piece->last);
  auto in = SnapshotWriter::begin(*receiver_, empty.partition);
  ASSERT_OK(in);
  ASSERT_OK((*in)->write(0, *piece->bytes));
  EXPECT_TRUE((*in)->complete());
  EXPECT_EQ((*in)->state().applied.index, 3u);
}

TEST_F(SnapshotStreamTest, OfWhatIsNotThere) {
  EXPECT_CODE(ErrorCode::kNotFound, SnapshotReader::open(*sender_, PartitionId(99)));
}

TEST_F(SnapshotStreamTest, PiecesAreSentAgain) {
  auto out = reader();
  const std::vector<SnapshotPiece> first = all_pieces(*out);
  const std::vector<SnapshotPiece> second = all_pieces(*out);  // from the start
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(*first[i].bytes, *second[i].bytes) << i;
  auto again = reader();
  const SnapshotPiece one = *again->read(0);
  const SnapshotPiece two = *again->read(one.bytes->size());
  EXPECT_EQ(*again->read(one.bytes->size())->bytes, *two.bytes);  // the last one, once more
  EXPECT_CODE(ErrorCode::kNotFound, again->read(one.bytes->size() + 1));
  EXPECT_CODE(ErrorCode::kNotFound, again->read(1u << 30));
  EXPECT_EQ(*again->read(one.bytes->size())->bytes, *two.bytes);
}

TEST_F(SnapshotStreamTest, RowsThatDoNotLieInItems) {
  auto out = reader();
  std::vector<RowChange> requests;
  for (int i = 0; i < 40; ++i)
    requests.push_back(row(RowKind::kRequest, "request " + std::to_string(100 + i), std::string(100, 'r')));
  out->add_rows(requests);
  auto in = writer();
  write_all(*in, all_pieces(*out));
  const std::vector<RowKind> kinds{RowKind::kSchema, RowKind::kRequest};
  auto rows = in->rows(kinds);
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 41u);
  EXPECT_EQ((*rows)[0].value, "the table");
  EXPECT_EQ((*rows)[1].key, "request 100");
  EXPECT_EQ((*rows)[40].key, "request 139");
}

// A sender that was itself brought up by a snapshot: what it remembers from then is not what it remembers
// now.
TEST_F(SnapshotStreamTest, RowsBesideItemsGoWithThemAndOldMemoriesDoNot) {
  ApplyBatch batch;
  batch.state = state_of(kSender, space_, 101);
  batch.rows.push_back(row(RowKind::kTtl, "expiry", ""));
  batch.rows.push_back(row(RowKind::kRequest, "old", ""));
  batch.rows.push_back(row(RowKind::kLocalIndex, "index", "entry"));
  ASSERT_OK(sender_->apply(std::vector{batch}));
  auto in = writer();
  write_all(*in, all_pieces(*reader()));
  const std::vector<RowKind> kinds{RowKind::kTtl, RowKind::kRequest, RowKind::kLocalIndex};
  auto rows = in->rows(kinds);
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].key, "expiry");
  EXPECT_EQ((*rows)[1].key, "index");
}

// The halves of a split share their space (docs/architecture.md, protocol 17).
TEST_F(SnapshotStreamTest, OnlyTheRowsOfItsRange) {
  ApplyBatch batch;
  batch.state = state_of(kSender, space_, 101);
  batch.state.range = {"item 3", "item 5"};
  batch.rows.push_back(row(RowKind::kStream, std::string("\0\0\0\0\0\0\0\x07r", 9), "ours"));
  batch.rows.push_back(row(RowKind::kStream, std::string("\0\0\0\0\0\0\0\x08r", 9), "theirs"));
  ASSERT_OK(sender_->apply(std::vector{batch}));
  auto in = writer();
  write_all(*in, all_pieces(*reader()));
  const std::vector<RowKind> kinds{RowKind::kItem, RowKind::kStream};
  auto rows = in->rows(kinds);
  ASSERT_OK(rows);
  EXPECT_EQ(rows->size(), 2 * 11u + 1);  // 3, 30 to 39, 4, 40 to 49
  EXPECT_EQ(rows->front().key, "item 3");
  EXPECT_EQ(rows->back().value, "ours");
}

TEST_F(SnapshotStreamTest, DamageOfAnyByteIsFound) {
  const std::vector<SnapshotPiece> pieces = all_pieces(*reader());
  auto in = writer();
  ASSERT_OK(in->write(0, *pieces[0].bytes));
  const uint64_t offset = pieces[0].bytes->size();
  const std::string& good = *pieces[1].bytes;
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    EXPECT_FALSE(in->write(offset, bad).ok()) << at;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_CODE(ErrorCode::kCorruption, in->write(offset, std::string_view(good).substr(0, size)));
  }
  EXPECT_CODE(ErrorCode::kCorruption, in->write(offset, good + "more"));
  EXPECT_CODE(ErrorCode::kCorruption, in->write(offset, *pieces[2].bytes));  // not the next one
  EXPECT_CODE(ErrorCode::kCorruption, in->write(0, *pieces[0].bytes));
  EXPECT_CODE(ErrorCode::kCorruption, in->write(offset + 1, good));
  ASSERT_OK(in->write(offset, good));
}

TEST_F(SnapshotStreamTest, APieceOfAnotherPartitionIsDamage) {
  const std::vector<SnapshotPiece> pieces = all_pieces(*reader());
  auto in = SnapshotWriter::begin(*receiver_, PartitionId(kPartition + 1));
  ASSERT_OK(in);
  EXPECT_CODE(ErrorCode::kCorruption, (*in)->write(0, *pieces[0].bytes));
}

TEST_F(SnapshotStreamTest, WhatIsNotFinishedLeavesNothing) {
  {
    auto in = writer();
    ASSERT_OK(in->write(0, *reader()->read(0)->bytes));
  }
  EXPECT_TRUE(receiver_->has_dropped_spaces());
  while (*receiver_->delete_dropped_rows(10)) {
  }
  EXPECT_FALSE(receiver_->has_dropped_spaces());
}

// A read that began in the old space sees all of it, or hears that it may not have.
TEST_F(SnapshotStreamTest, AReadDuringTheSwitch) {
  const SpaceId old_space = *receiver_->allocate_space();
  ApplyBatch batch;
  batch.state = state_of(kReceiver, old_space, 2);
  for (char c = 'a'; c <= 'j'; ++c) batch.rows.push_back(row(RowKind::kItem, std::string(1, c), "old"));
  ASSERT_OK(receiver_->apply(std::vector{batch}));
  auto begun = receiver_->scan(old_space, RowKind::kItem, {});
  EXPECT_TRUE(receiver_->is_live(old_space));  // whatever comes, what it sees is whole

  auto in = writer();
  write_all(*in, all_pieces(*reader()));
  PartitionState state = in->state();
  state.replica = kReceiver.replica;
  in->release();
  ASSERT_OK(receiver_->apply(std::vector<ApplyBatch>{{state, {}, {}, {}}}));
  while (*receiver_->delete_dropped_rows(3)) {
  }
  size_t seen = 0;
  for (; begun.valid(); begun.next()) ++seen;
  ASSERT_OK(begun.status());
  EXPECT_EQ(seen, 10u);
  auto late = receiver_->scan(old_space, RowKind::kItem, {});
  EXPECT_FALSE(late.valid());
  EXPECT_FALSE(receiver_->is_live(old_space));
  EXPECT_TRUE(receiver_->is_live(state.space));
}

// --- crashes during an install
// -----------------------------------------------------------------------------------------

class InstallCrash : public testing::TestWithParam<CrashKind> {};

StoreOptions small_options() {
  StoreOptions options;
  for (EngineOptions* engine : {&options.log, &options.items}) {
    engine->write_buffer_bytes = 64 * 1024;
    engine->background = DatabaseEnv::Background::kManual;
  }
  return options;
}

// A replica with entries 1 to 5, of which 3 are applied. False where the store died.
bool live(Store& store) {
  auto space = store.items().allocate_space();
  if (!space) return false;
  LogUpdate log = birth(kReceiver);
  log.entries = numbered(1, 5, 1);
  if (!store.log().write(std::vector{log})) return false;
  ApplyBatch batch;
  batch.state = state_of(kReceiver, *space, 3);
  batch.rows.push_back(row(RowKind::kItem, "old", "row"));
  return store.items().apply(std::vector{batch}).ok() && store.items().sync().ok();
}

// What docs/raft.md says of an install, in its order.
bool install(Store& store, const std::vector<SnapshotPiece>& pieces) {
  auto in = SnapshotWriter::begin(store.items(), PartitionId(kPartition));
  if (!in) return false;
  uint64_t offset = 0;
  for (const SnapshotPiece& piece : pieces) {
    if (!(*in)->write(offset, *piece.bytes)) return false;
    offset += piece.bytes->size();
    store.items().engine().env().run_background();
  }
  PartitionState state = (*in)->state();
  state.replica = kReceiver.replica;
  (*in)->release();
  if (!store.items().apply(std::vector<ApplyBatch>{{state, {}, {}, {}}})) return false;
  if (!store.items().sync()) return false;
  LogUpdate log;
  log.replica = kReceiver;
  log.reset = LogBase{state.applied.index, state.applied.term, {{kReceiver.replica}, {}}};
  log.items_synced = state.applied.index;
  log.hard_state = HardState{2, {}};
  if (!store.log().write(std::vector{log})) return false;
  return store.log().write(std::vector{append(kReceiver, numbered(101, 103, 2))}).ok();
}

TEST_P(InstallCrash, LeavesTheOldStateOrTheNewOne) {
  FaultyFileSystem sender_files;
  ASSERT_TRUE(sender_files.CreateDir("/sender").ok());
  ASSERT_TRUE(sender_files.sync_directory("/").ok());
  auto sender = open_items(sender_files, "/sender");
  const SpaceId space = *sender->allocate_space();
  for (Index index = 1; index <= 100; ++index) {
    ApplyBatch batch;
    batch.state = state_of(kSender, space, index);
    batch.rows.push_back(row(RowKind::kItem, "item " + std::to_string(index), std::string(2000, 'x')));
    ASSERT_OK(sender->apply(std::vector{batch}));
  }
  auto reader = SnapshotReader::open(*sender, PartitionId(kPartition), 20'000);
  ASSERT_OK(reader);
  const std::vector<SnapshotPiece> pieces = all_pieces(**reader);
  const std::string rows_before = "1:old=row\n";
  const std::string rows_after = dump(*sender, space);

  int old_states = 0, torn_between = 0, new_states = 0;
  bool died = true;
  for (uint64_t at = 1; died; ++at) {
    FaultyFileSystem files(at);
    bool finished = false;
    {
      auto store = Store::open(files, kFolder, small_options());
      ASSERT_OK(store);
      ASSERT_TRUE(live(**store));
      files.plan({.die_at = at});
      finished = install(**store, pieces);
      died = files.dead();
      (*store)->log().engine().env().release_background();
      (*store)->items().engine().env().release_background();
    }
    files.crash(GetParam());
    auto store = Store::open(files, kFolder, small_options());
    ASSERT_TRUE(store.ok()) << "operation " << at << ": " << why(store);
    ASSERT_EQ((*store)->recovered().size(), 1u) << at;
    const RecoveredReplica& replica = (*store)->recovered()[0];
    ASSERT_TRUE(replica.state && replica.log) << at;
    const std::string rows = dump((*store)->items(), replica.state->space);
    if (replica.state->applied.index == 3) {
      ++old_states;
      ASSERT_FALSE(finished) << at;
      ASSERT_EQ(rows, rows_before) << at;
      ASSERT_EQ(replica.log->last, 5u) << at;
    } else {
      ASSERT_EQ(replica.state->applied.index, 100u) << at;
      ASSERT_EQ(rows, rows_after) << at;
      ++(replica.log->last < 100 ? torn_between : new_states);
      if (replica.log->last < 100) {
        ASSERT_EQ(replica.log->last, 5u) << at;
        ASSERT_FALSE(finished) << at;
      } else {
        ASSERT_EQ(replica.log->base.index, 100u) << at;
        ASSERT_EQ(replica.log->hard_state.term, 2u) << at;
        ASSERT_TRUE(!finished || replica.log->last == 103) << at;
      }
    }
    (*store)->log().engine().env().release_background();
    (*store)->items().engine().env().release_background();
  }
  EXPECT_GT(old_states, 5);
  EXPECT_GT(torn_between, 0);
  EXPECT_GT(new_states, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, InstallCrash,
                         testing::Values(CrashKind::kProcess, CrashKind::kDropAll, CrashKind::kTorn));

// --- memory
// -----------------------------------------------------------------------------------------------------------

// Memory of this process that is no page of a file, in MB.
size_t anonymous_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stoul(line.substr(8)) / 1024;
  }
  return 0;
}

TEST(SnapshotMemory, IsThatOfAPiece) {
  const char* wanted = std::getenv("STATOR_SNAPSHOT_MB");
  const size_t megabytes = wanted ? std::stoul(wanted) : 48;
  TemporaryFolder folder;
  auto disk = disk_file_system();
  for (const char* name : {"/sender", "/receiver"}) ASSERT_TRUE(disk->CreateDir(folder.path() + name).ok());
  auto sender = open_items(*disk, folder.path() + "/sender");
  auto receiver = open_items(*disk, folder.path() + "/receiver");
  const SpaceId space = *sender->allocate_space();
  uint64_t random = 1;
  Index index = 0;
  const auto write_a_megabyte = [&] {
    ApplyBatch batch;
    batch.state = state_of(kSender, space, ++index);
    for (int i = 0; i < 256; ++i) {
      std::string value(4096, '\0');  // that no compression makes smaller
      for (size_t at = 0; at < value.size(); at += 8) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        std::memcpy(&value[at], &random, 8);
      }
      batch.rows.push_back(row(RowKind::kItem, "item " + std::to_string(random), std::move(value)));
    }
    ASSERT_OK(sender->apply(std::vector{batch}));
  };
  for (size_t i = 0; i < megabytes; ++i) write_a_megabyte();
  const size_t before = anonymous_mb();
  size_t most = before;
  auto out = SnapshotReader::open(*sender, PartitionId(kPartition));
  ASSERT_OK(out);
  auto in = SnapshotWriter::begin(*receiver, PartitionId(kPartition));
  ASSERT_OK(in);
  uint64_t offset = 0;
  for (size_t pieces = 0; !(*in)->complete(); ++pieces) {
    auto piece = (*out)->read(offset);
    ASSERT_OK(piece);
    ASSERT_OK((*in)->write(offset, *piece->bytes));
    offset += piece->bytes->size();
    if (pieces % 16 == 0) write_a_megabyte();
    most = std::max(most, anonymous_mb());
  }
  EXPECT_GE(offset, megabytes * 256 * 4096);
  EXPECT_LT(most - before, 2 * 64u) << "64 MiB a side, write buffers included";
  if (wanted) std::printf("%zu MB: %zu MB at the beginning, %zu MB at most\n", megabytes, before, most);
}

}  // namespace
}  // namespace stator::storage
