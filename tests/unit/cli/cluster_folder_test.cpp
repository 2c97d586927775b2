// Goal: the launcher's folder keeps its state whole, has one writer, refuses other people's data, and deletes
// only what is its own. Processes and logs, since they need a real folder too.
#include "cli/cluster_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/launcher.h"
#include "cli/node_log.h"

namespace stator::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr auto kAtOnce = std::chrono::milliseconds(0);

class ClusterFolderTest : public testing::Test {
 protected:
  ClusterFolderTest() {
    std::string pattern = testing::TempDir() + "/stator-folder-XXXXXX";
    top_ = mkdtemp(pattern.data());
  }
  ~ClusterFolderTest() override { fs::remove_all(top_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
  }

  std::string top_;
};

TEST_F(ClusterFolderTest, SavedIsLoaded) {
  ClusterFolder folder(top_ + "/deep/down");
  EXPECT_FALSE(folder.holds_a_cluster());
  EXPECT_THAT(folder.load().error(), HasSubstr("stator cluster start --data-dir " + folder.path()));
  ASSERT_TRUE(folder.create().ok());
  ClusterState state = new_cluster(3, 3);
  state.nodes[0].process = {getpid(), 1};
  ASSERT_TRUE(folder.save(state).ok());
  EXPECT_TRUE(folder.holds_a_cluster());
  EXPECT_EQ(folder.load().value(), state);
  EXPECT_TRUE(fs::exists(folder.targets_path()));
  EXPECT_TRUE(fs::exists(folder.prometheus_path()));
}

TEST_F(ClusterFolderTest, ProcessesOfAnEarlierBootAreNone) {
  ClusterFolder folder(top_);
  ClusterState state = new_cluster(1, 1);
  state.nodes[0].process = {getpid(), 1};
  state.boot_id = "another";
  write(folder.state_path(), encode(state));
  EXPECT_EQ(folder.load()->nodes[0].process, ProcessId{});
}

TEST_F(ClusterFolderTest, AFileThatIsDamagedIsNamed) {
  const ClusterFolder folder(top_);
  write(folder.state_path(), "{\"format\":1");
  EXPECT_THAT(folder.load().error(), HasSubstr(folder.state_path()));
}

TEST_F(ClusterFolderTest, TheDataOfASingleProcessIsRefused) {
  write(top_ + "/FORMAT", "stator 1\n");
  EXPECT_THAT(ClusterFolder(top_).create().error(),
              AllOf(HasSubstr("single process"), HasSubstr("--data-dir")));
}

TEST_F(ClusterFolderTest, AFolderThatCannotBeMadeIsNamed) {
  write(top_ + "/file", "");
  EXPECT_THAT(ClusterFolder(top_ + "/file/dir").create().error(), HasSubstr(top_ + "/file/dir"));
}

TEST_F(ClusterFolderTest, OneWriterAtATime) {
  ClusterFolder folder(top_);
  {
    const auto lock = folder.lock(kAtOnce);
    ASSERT_TRUE(lock.ok());
    EXPECT_THAT(ClusterFolder(top_).lock(kAtOnce).error(), HasSubstr("another stator command"));
  }
  EXPECT_TRUE(ClusterFolder(top_).lock(kAtOnce).ok());
}

TEST_F(ClusterFolderTest, OnlyItsOwnFilesAreDeleted) {
  ClusterFolder folder(top_ + "/cluster");
  ASSERT_TRUE(folder.create().ok());
  ClusterState state = new_cluster(3, 3);
  ASSERT_TRUE(folder.save(state).ok());
  write(folder.log_path(2), "log");
  write(folder.node_path(2) + "/stores/0/log/000001.log", "data");
  write(folder.prometheus_data_path() + "/wal/0", "data");
  write(folder.path() + "/notes", "the user's");
  {
    const auto lock = folder.lock(kAtOnce);
    ASSERT_TRUE(folder.remove(state).ok());
  }
  EXPECT_TRUE(fs::exists(folder.path() + "/notes"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
  fs::remove(folder.path() + "/notes");
  ASSERT_TRUE(folder.save(state).ok());
  ASSERT_TRUE(folder.remove(state).ok());
  EXPECT_FALSE(fs::exists(folder.path()));
}

TEST_F(ClusterFolderTest, TheEndOfALog) {
  const std::string path = top_ + "/log";
  EXPECT_EQ(last_lines(path, 5).text, "");
  write(path, "");
  EXPECT_EQ(last_lines(path, 5).text, "");
  write(path, "one\ntwo\nthree\n");
  EXPECT_EQ(last_lines(path, 0).text, "");
  EXPECT_EQ(last_lines(path, 1).text, "three\n");
  EXPECT_EQ(last_lines(path, 2).text, "two\nthree\n");
  EXPECT_EQ(last_lines(path, 3).text, "one\ntwo\nthree\n");
  EXPECT_EQ(last_lines(path, 9).text, "one\ntwo\nthree\n");
  EXPECT_EQ(last_lines(path, 2).until, 14u) << "where following goes on";
  EXPECT_EQ(last_lines(path, 0).until, 14u);
  write(path, "one\n\nno end");
  EXPECT_EQ(last_lines(path, 1).text, "no end\n");
  EXPECT_EQ(last_lines(path, 2).text, "\nno end\n");
}

TEST_F(ClusterFolderTest, ALogOfOneEndlessLine) {
  const std::string path = top_ + "/log";
  write(path, std::string(2 * kLogTailBytesMax, 'x') + "\nlast\n");
  EXPECT_EQ(last_lines(path, 2).text, "last\n");
}

// A pid alone is no process: the system gives it to others.
TEST(Process, IsItsPidAndItsStart) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
  std::string field;
  for (int i = 0; i < 22; ++i) stat >> field;  // the name of this program has no blanks
  const ProcessId process{child, std::stoull(field)};
  EXPECT_EQ(process_state(process), ProcessState::kUp);
  EXPECT_EQ(process_state({child, process.start_time + 1}), ProcessState::kDown);
  EXPECT_FALSE(send_signal({child, process.start_time + 1}, SIGKILL));
  EXPECT_EQ(process_state({}), ProcessState::kDown);
  EXPECT_FALSE(how_it_ended(process).has_value());

  const auto wait_for = [&](ProcessState goal) {
    while (process_state(process) != goal) {
      usleep(1000);
    }
  };
  EXPECT_TRUE(send_signal(process, SIGSTOP));
  wait_for(ProcessState::kPaused);
  EXPECT_TRUE(send_signal(process, SIGCONT));
  wait_for(ProcessState::kUp);
  EXPECT_TRUE(send_signal(process, SIGKILL));
  wait_for(ProcessState::kDown);  // a zombie
  EXPECT_FALSE(send_signal(process, SIGKILL));
  EXPECT_EQ(how_it_ended(process), "signal 9 (Killed)");
}

// After a SIGKILL the first thread may be gone while another one ends a sync, and holds the folder's lock.
TEST(Process, RunsWhileOneOfItsThreadsDoes) {
  const pid_t child = fork();
  if (child == 0) {
    std::thread([] { pause(); }).detach();
    syscall(SYS_exit, 0);  // this thread alone
  }
  char state = 0;
  std::string field;
  while (state != 'Z') {
    usleep(1000);
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    stat >> field >> field >> state;
    for (int i = 3; i < 22; ++i) stat >> field;
  }
  const ProcessId process{child, std::stoull(field)};
  EXPECT_EQ(process_state(process), ProcessState::kUp);
  EXPECT_TRUE(send_signal(process, SIGKILL));
  while (process_state(process) != ProcessState::kDown) {
    usleep(1000);
  }
  EXPECT_EQ(how_it_ended(process), "signal 9 (Killed)");
}

TEST(Launcher, LinesToPaste) {
  EXPECT_EQ(shell_quoted("build/release/stator"), "build/release/stator");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(command_line({"stator", "1"}, "kill 2", "my data"), "stator cluster kill 2 --data-dir 'my data'");
}

}  // namespace
}  // namespace stator::cli
