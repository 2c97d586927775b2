// Two operations and a dispatcher for the gateway's tests: Echo goes to the dispatcher and answers {"Text":
// ...}; DescribeNothing is static. What the dispatcher holds, the test answers.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <mutex>
#include <span>
#include <string>

#include "api/operation.h"
#include "net/dispatcher.h"
#include "raw_client.h"

namespace stator::net {

struct EchoRequest : api::Request {
  std::string text;
};

class EchoOperation : public api::ItemOperation {
 public:
  std::string_view name() const override { return "Echo"; }
  const api::Shape& input() const override {
    static constexpr api::Shape kText = api::string_of("Text");
    static constexpr std::array kMembers{api::Member{"Text", &kText, api::kRequired}};
    static constexpr api::Shape kInput{.type = api::ShapeType::kStructure,
                                       .name = "EchoInput",
                                       .first_member = kMembers.data(),
                                       .member_count = kMembers.size()};
    return kInput;
  }
  bool writes() const override { return false; }
  bool consistent(const api::Request&) const override { return true; }
  api::Result<std::string> key(const model::Table&, const api::Request&) const override {
    return api::internal_error("not evaluated here");
  }
  api::Evaluation evaluate(const model::Table&, const api::ItemView&, const api::Request&,
                           model::Stamp) const override {
    return api::internal_error("not evaluated here").error;
  }
  void write_answer(const api::Request& request, const api::Answer&, api::json::Writer& out) const override {
    out.begin_object().key("Text").string(static_cast<const EchoRequest&>(request).text).end_object();
  }

 protected:
  api::Result<std::shared_ptr<api::Request>> read(const api::json::Value& body) const override {
    auto request = std::make_shared<EchoRequest>();
    request->text = api::json::text_of(*api::json::member(body, "Text"));
    request->table_name = "echoes";
    return std::shared_ptr<api::Request>(std::move(request));
  }
};

class DescribeNothingOperation : public api::StaticOperation {
 public:
  std::string_view name() const override { return "DescribeNothing"; }
  const api::Shape& input() const override {
    static constexpr api::Shape kInput{.type = api::ShapeType::kStructure, .name = "DescribeNothingInput"};
    return kInput;
  }
  api::Result<api::Answer> answer(const api::Request& request) const override {
    return api::Answer(
        api::StaticAnswer{R"({"Region":")" + request.region + R"(","Host":")" + request.host + R"("})"});
  }
  void write_answer(const api::Request&, const api::Answer& answer, api::json::Writer& out) const override {
    out.raw(std::get<api::StaticAnswer>(answer).json);
  }

 protected:
  api::Result<std::shared_ptr<api::Request>> read(const api::json::Value&) const override {
    return std::make_shared<api::Request>();
  }
};

inline std::span<const api::Operation* const> fake_operations() {
  static const EchoOperation echo;
  static const DescribeNothingOperation nothing;
  static constexpr std::array<const api::Operation*, 2> kAll{&nothing, &echo};
  return kAll;
}

class FakeDispatcher : public Dispatcher {
 public:
  struct Execution {
    api::RequestPtr request;
    RequestContext context;
    Done done;
  };
  void execute(api::RequestPtr request, RequestContext context, Done done) override {
    std::unique_lock lock(mutex_);
    if (!answer_at_once) {
      executions_.push_back({std::move(request), std::move(context), std::move(done)});
      return;
    }
    lock.unlock();
    done(answer());
  }
  // The oldest execution; waits for it.
  Execution take() {
    Execution out;
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex_);
      if (executions_.empty()) return false;
      out = std::move(executions_.front());
      executions_.pop_front();
      return true;
    }));
    return out;
  }
  static api::Result<api::Answer> answer() { return api::Answer(api::ItemAnswer{nullptr, {0.5, 2}}); }

  bool answer_at_once = true;  // set before requests come

 private:
  std::mutex mutex_;
  std::deque<Execution> executions_;
};

}  // namespace stator::net
