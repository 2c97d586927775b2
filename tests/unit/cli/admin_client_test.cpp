// Goal: a node's admin port is asked and answers; whoever does not answer costs a timeout, and whoever speaks
// no HTTP an error.
#include "cli/admin_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "monitoring/metrics.h"
#include "net/admin_server.h"

namespace stator::cli {
namespace {

using testing::HasSubstr;

constexpr auto kPatience = std::chrono::milliseconds(5'000);

TEST(AdminClient, AsksARealServer) {
  monitoring::Metrics metrics("9.9.9");
  std::atomic<bool> ready{false};
  auto server = net::AdminServer::start("127.0.0.1", 0, metrics, [&] { return ready.load(); });
  ASSERT_TRUE(server.ok());
  const uint16_t port = (*server)->port();
  EXPECT_EQ(admin_get(port, "/readyz", kPatience)->status, 503);
  ready = true;
  EXPECT_EQ(admin_get(port, "/readyz", kPatience)->status, 200);
  const auto page = admin_get(port, "/metrics", kPatience);
  ASSERT_TRUE(page.ok()) << page.error();
  EXPECT_THAT(page->body, HasSubstr("stator_build_info"));
  EXPECT_TRUE(page->body.ends_with('\n')) << "all of it";
  EXPECT_EQ(admin_get(port, "/nothing", kPatience)->status, 404);
  (*server)->stop();
  EXPECT_THAT(admin_get(port, "/readyz", kPatience).error(), HasSubstr("127.0.0.1:" + std::to_string(port)));
}

// Accepts connections in the kernel, and says `words` to the first one, where there are some.
class Stranger {
 public:
  explicit Stranger(std::string words) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(socket_, 4);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (words.empty()) return;
    thread_ = std::thread([this, words] {
      const int client = accept(socket_, nullptr, nullptr);
      char request[1024];
      EXPECT_GT(recv(client, request, sizeof request, 0), 0);
      EXPECT_EQ(send(client, words.data(), words.size(), MSG_NOSIGNAL), static_cast<ssize_t>(words.size()));
      close(client);
    });
  }
  ~Stranger() {
    if (thread_.joinable()) thread_.join();
    close(socket_);
  }
  uint16_t port() const { return port_; }

 private:
  const int socket_;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(AdminClient, WaitsNoLongerThanItIsTold) {
  const Stranger silent("");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(admin_get(silent.port(), "/readyz", std::chrono::milliseconds(50)).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience);
}

TEST(AdminClient, AnswersThatAreNone) {
  for (const char* words : {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 ok\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}) {
    const Stranger stranger(words);
    EXPECT_FALSE(admin_get(stranger.port(), "/readyz", kPatience).ok()) << words;
  }
  const Stranger without_length("HTTP/1.1 200 OK\r\n\r\nto the end");
  EXPECT_EQ(admin_get(without_length.port(), "/", kPatience)->body, "to the end");
}

}  // namespace
}  // namespace stator::cli
