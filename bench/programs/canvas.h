// canvas.h: a canvas that turns strokes into vertices for a graphics card. No Python: draw_c.cpp
// and draw_hpy.cpp are two bindings of it.
//
// A stroke is clipped to the canvas and becomes four vertices in the colour of the pen. Memory may
// run out: what throws std::bad_alloc is caught in the bindings.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace drawing {

struct Point {
    double x, y;
};

struct Colour {
    double red, green, blue, alpha;

    bool valid() const {
        const auto part = [](double value) { return value >= 0.0 && value <= 1.0; };
        return part(red) && part(green) && part(blue) && part(alpha);
    }
    std::uint32_t packed() const {
        const auto byte = [](double part) {
            return static_cast<std::uint32_t>(part * 255.0 + 0.5);
        };
        return byte(red) << 24 | byte(green) << 16 | byte(blue) << 8 | byte(alpha);
    }
};

/// x' = a x + c y + e, y' = b x + d y + f
struct Affine {
    double a, b, c, d, e, f;

    Point apply(Point at) const { return {a * at.x + c * at.y + e, b * at.x + d * at.y + f}; }
    /// First `inner`, then this one.
    Affine after(const Affine& inner) const {
        const Point origin = apply({inner.e, inner.f});
        return {a * inner.a + c * inner.b,
                b * inner.a + d * inner.b,
                a * inner.c + c * inner.d,
                b * inner.c + d * inner.d,
                origin.x,
                origin.y};
    }
};

struct Vertex {
    float x, y;
    std::uint32_t colour;
};

class Canvas {
  public:
    Canvas(double its_width, double its_height) : width(its_width), height(its_height) {}

    void clear() { vertices.clear(); }

    void set_pen(Colour colour, double pen_width) {
        ink = colour.packed();
        half = pen_width / 2.0;
    }
    double pen_width() const { return half * 2.0; }
    void set_pen_width(double pen_width) { half = pen_width / 2.0; }

    void line(Point from, Point to) {
        if (!clip(from, to)) return;
        const double along = to.x - from.x, up = to.y - from.y;
        const double length = std::sqrt(along * along + up * up);
        const double scale = length > 0.0 ? half / length : 0.0;
        const double x = -up * scale, y = along * scale;
        put({from.x + x, from.y + y});
        put({from.x - x, from.y - y});
        put({to.x + x, to.y + y});
        put({to.x - x, to.y - y});
    }

    void rectangle(double x, double y, double its_width, double its_height) {
        const Point corners[] = {
            {x, y}, {x + its_width, y}, {x + its_width, y + its_height}, {x, y + its_height}};
        for (int i = 0; i < 4; i++)
            line(corners[i], corners[(i + 1) % 4]);
    }

    /// A cross on a point.
    void marker(Point at, double size) {
        line({at.x - size, at.y}, {at.x + size, at.y});
        line({at.x, at.y - size}, {at.x, at.y + size});
    }

    std::size_t count() const { return vertices.size(); }

    /// The sum of all vertices, by which two canvases are compared.
    double sum() const {
        double found = 0.0;
        for (const Vertex& vertex : vertices)
            found += vertex.x + 2.0 * vertex.y + vertex.colour / 4294967296.0;
        return found;
    }

    const double width, height;

  private:
    void put(Point at) {
        vertices.push_back({static_cast<float>(at.x), static_cast<float>(at.y), ink});
    }

    /// Cuts a stroke to the canvas; false: nothing is left of it.
    bool clip(Point& from, Point& to) const {
        const double x = to.x - from.x, y = to.y - from.y;
        const double steps[] = {-x, x, -y, y};
        const double room[] = {from.x, width - from.x, from.y, height - from.y};
        double first = 0.0, last = 1.0;
        for (int i = 0; i < 4; i++) {
            if (steps[i] == 0.0) {
                if (room[i] < 0.0) return false;
            } else if (steps[i] < 0.0) {
                first = std::max(first, room[i] / steps[i]);
            } else {
                last = std::min(last, room[i] / steps[i]);
            }
        }
        if (first > last) return false;
        to = {from.x + last * x, from.y + last * y};
        from = {from.x + first * x, from.y + first * y};
        return true;
    }

    std::vector<Vertex> vertices;
    std::uint32_t ink = 0xff;
    double half = 0.5;
};

} // namespace drawing
