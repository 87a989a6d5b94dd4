// OpenCV: an image of rows x columns x channels, or a tile of one, as a cv::Mat in place.
#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <tessera.hpp>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"

using namespace tessera;

namespace {

/// An image, or a tile of one, as a Mat: the same memory. A Mat can't be read-only: do not write to
/// that of an input.
template <class A>
cv::Mat as_mat(A&& a) {
  using T = std::remove_cv_t<std::remove_pointer_t<decltype(a.data())>>;
  const int type = CV_MAKETYPE(cv::DataType<T>::depth, static_cast<int>(a.shape(2)));
  const auto step = static_cast<std::size_t>(a.strides()[0]) * sizeof(T);  // in bytes
  return {static_cast<int>(a.shape(0)), static_cast<int>(a.shape(1)), type,
          const_cast<T*>(a.data()), step};
}

/// What an imread would return.
cv::Mat some_photo() {
  cv::Mat photo(48, 60, CV_8UC3);
  for (int y = 0; y < photo.rows; ++y)
    for (int x = 0; x < photo.cols; ++x)
      for (int k = 0; k < 3; ++k)
        photo.at<cv::Vec3b>(y, x)[k] = static_cast<std::uint8_t>(7 * y + 3 * x + 50 * k);
  return photo;
}

bool same(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_INF) == 0; }

}  // namespace

TEST_CASE("OpenCV works on an image where it lies in shared memory") {
  auto image = SharedArray<std::uint8_t, 3>::create({48, 60, 3});  // rows, columns, channels
  cv::Mat mat = as_mat(image);
  mat.setTo(cv::Scalar(10, 20, 30));
  cv::bitwise_not(mat, mat);

  CHECK(mat.data == image.data());
  CHECK(image(47, 59, 0) == 245);
  CHECK(image(0, 0, 2) == 225);
  CHECK(as_mat(SharedArray<float, 3>::create({2, 3, 1})).type() == CV_32FC1);
}

TEST_CASE("a Mat is copied into an array, and an array into a Mat") {
  const cv::Mat photo = some_photo();
  auto image = SharedArray<std::uint8_t, 3>::create(
      {static_cast<std::size_t>(photo.rows), static_cast<std::size_t>(photo.cols), 3});
  photo.copyTo(as_mat(image));
  const cv::Mat own = as_mat(image).clone();

  CHECK(image(5, 6, 1) == photo.at<cv::Vec3b>(5, 6)[1]);
  CHECK(same(own, photo));
  CHECK(own.data != image.data());
  // A part of an image has a step between its rows.
  auto part = SharedArray<std::uint8_t, 3>::create({10, 20, 3});
  photo(cv::Rect(4, 8, 20, 10)).copyTo(as_mat(part));
  CHECK(part(0, 0, 0) == photo.at<cv::Vec3b>(8, 4)[0]);
  CHECK(part(9, 19, 2) == photo.at<cv::Vec3b>(17, 23)[2]);
}

TEST_CASE(
    "an output of another size or type is refused, not made anew, where the Mat has no name") {
  auto image = SharedArray<std::uint8_t, 3>::create({48, 60, 3});
  CHECK_THROWS_AS(some_photo()(cv::Rect(0, 0, 9, 9)).copyTo(as_mat(image)), cv::Exception);
  CHECK_THROWS_AS(some_photo().convertTo(as_mat(image), CV_32FC3), cv::Exception);
  CHECK(xt::sum<int>(image)() == 0);
}

TEST_CASE("a kernel calls OpenCV on its tile") {
  cv::setNumThreads(1);  // the workers inherit it: no kernel starts threads
  TiledPool pool(2);
  cv::setNumThreads(-1);  // the pool is made: OpenCV may have threads in this process
  auto image = SharedArray<std::uint8_t, 3>::create({48, 60, 3});
  auto brighter = SharedArray<std::uint8_t, 3>::create({48, 60, 3});
  some_photo().copyTo(as_mat(image));
  pool.map(
      {16, 25, full}, [](auto out, auto in) { as_mat(in).convertTo(as_mat(out), -1, 1.5, 20); },
      into(brighter), image);

  cv::Mat expected;
  some_photo().convertTo(expected, -1, 1.5, 20);
  CHECK(same(as_mat(brighter), expected));
}

TEST_CASE("workers inherit OpenCV's number of threads") {
  cv::setNumThreads(1);
  TiledPool pool(2);
  cv::setNumThreads(2);
  auto found = SharedArray<int, 1>::create({4});
  pool.map(
      {1}, [](auto out) { out = cv::getNumThreads(); }, into(found));
  CHECK(xt::all(xt::equal(found, 1)));
}
