// One forward pass over the tokens of a batch, on one core: what `runner.py` computes with torch.
//
// Every sum runs over its terms in one fixed order, whatever else is in the batch, so the logits of
// a sequence are the same bits alone, in a batch, in chunks, after a preemption or when verifying a
// draft. Vectors are GCC's portable ones: 16 floats, whatever the machine has.
//
// Layouts:  a matrix of N rows and K columns is stored as panels of 16 rows, (N/16, K, 16), so that
// a product needs no horizontal sums; keys lie as (block, head, D, 16 tokens) for the same reason,
// values as (block, head, 16 tokens, D padded to 16).

#include <cstdint>
#include <cstring>
#include <cmath>
#include <vector>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

typedef float vec __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(64), aligned(4), may_alias));
typedef int8_t bytes16 __attribute__((vector_size(16), aligned(1), may_alias));

static const int LANES = 16;   // also the tokens of a block
static const int GROUP = 64;   // columns that share a scale in an int8 matrix
static const int TILE = 8;     // tokens whose sums stay in registers
static const float NEVER = -1e30f;

extern "C" {

struct Matrix {
    const void *weight;   // float or int8 panels
    const float *scale;   // (N/16, ceil(K/64), 16) of an int8 matrix, else null
    int64_t rows, columns;
};

struct LayerWeights {
    const float *input_norm, *post_norm, *query_norm, *key_norm;
    Matrix qkv, output, gate_up, down, router;
    const float *choice_bias;
    const Matrix *expert_gate_up, *expert_down;
    float *keys, *values;
    int64_t group, window, rotates;
};

struct Network {
    int64_t hidden, heads, kv_heads, head_dim, layers, vocabulary;
    int64_t experts, groups, groups_per_token, per_token, normalise;
    float expert_scale, epsilon;
    const float *embedding, *norm, *cosine, *sine;
    Matrix head;
    const LayerWeights *layer;
};

// `segments` runs of tokens; run s has length[s] tokens, the first at position start[s] of the
// sequence whose blocks are listed in row row[s] of each group's table.
struct Batch {
    int64_t tokens, segments, wanted;
    const int64_t *token, *row, *start, *length, *want;
    const int32_t *table[2];
    int64_t table_width;
    float *hidden;  // (wanted, C) receives what the logits are made of; may be null
};

}  // extern "C"

static inline vec load(const float *p) { return *(const vec *)p; }
static inline void store(float *p, vec v) { *(vec *)p = v; }
static inline vec all(float x) { return x - vec{}; }

static inline float sum(vec v) {
    float out = 0;
    for (int i = 0; i < LANES; i++) out += v[i];
    return out;
}

// e^x to two units in the last place; 0 below -87. Cody-Waite reduction to |r| <= ln(2)/2, then
// the Taylor polynomial of degree 7.
static inline vec exponential(vec x) {
    ivec tiny = x < -87.0f;
    vec bounded = (vec)(((ivec)x & ~tiny) | ((ivec)all(-87.0f) & tiny));
    ivec large = bounded > 88.0f;
    bounded = (vec)(((ivec)bounded & ~large) | ((ivec)all(88.0f) & large));
    vec shifted = bounded * 1.44269504f + 12582912.0f;  // rounds to the nearest integer
    vec n = shifted - 12582912.0f;
    vec r = bounded - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    vec p = all(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    ivec power = (__builtin_convertvector(n, ivec) + 127) << 23;
    return (vec)((ivec)(p * (vec)power) & ~tiny);
}

static inline vec widen(const int8_t *p) {
#ifdef __AVX512F__  // GCC 12 converts the portable way one number at a time
    return (vec)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
#else
    return __builtin_convertvector(*(const bytes16 *)p, vec);
#endif
}

static inline vec weights_at(const float *panel, int64_t k) { return load(panel + k * LANES); }

template <int M, int P>
static void tile(const float *x, int64_t stride, const Matrix &w, int64_t panel, float *out,
                 int64_t out_stride) {
    const int64_t K = w.columns;
    vec total[M][P];
    for (int m = 0; m < M; m++)
        for (int p = 0; p < P; p++) total[m][p] = vec{};
    if (!w.scale) {
        const float *base = (const float *)w.weight + panel * K * LANES;
        for (int64_t k = 0; k < K; k++)
            for (int p = 0; p < P; p++) {
                __builtin_prefetch(base + (p + P) * K * LANES + k * LANES, 0, 2);
                vec row = weights_at(base + p * K * LANES, k);
                for (int m = 0; m < M; m++) total[m][p] += row * x[m * stride + k];
            }
    } else {
        const int64_t scales = (K + GROUP - 1) / GROUP;
        const int8_t *base = (const int8_t *)w.weight + panel * K * LANES;
        for (int64_t g = 0; g < scales; g++) {
            int64_t end = (g + 1) * GROUP < K ? (g + 1) * GROUP : K;
            vec part[M][P];
            for (int m = 0; m < M; m++)
                for (int p = 0; p < P; p++) part[m][p] = vec{};
            for (int64_t k = g * GROUP; k < end; k++)
                for (int p = 0; p < P; p++) {
                    const int8_t *raw = base + (p * K + k) * LANES;
                    vec row = widen(raw);
                    for (int m = 0; m < M; m++) part[m][p] += row * x[m * stride + k];
                }
            for (int p = 0; p < P; p++) {
                vec scale = load(w.scale + ((panel + p) * scales + g) * LANES);
                for (int m = 0; m < M; m++) total[m][p] += part[m][p] * scale;
            }
        }
    }
    for (int m = 0; m < M; m++)
        for (int p = 0; p < P; p++) {
            int64_t at = (panel + p) * LANES;
            if (at + LANES <= w.rows)
                store(out + m * out_stride + at, total[m][p]);
            else
                for (int64_t i = 0; at + i < w.rows; i++) out[m * out_stride + at + i] = total[m][p][i];
        }
}

template <int P>
static void tiles(const float *x, int64_t stride, int64_t count, const Matrix &w, int64_t panel,
                  float *out, int64_t out_stride) {
    int64_t m = 0;
    for (; m + TILE <= count; m += TILE)
        tile<TILE, P>(x + m * stride, stride, w, panel, out + m * out_stride, out_stride);
    const float *xs = x + m * stride;
    float *os = out + m * out_stride;
    switch (count - m) {
        case 1: tile<1, P>(xs, stride, w, panel, os, out_stride); break;
        case 2: tile<2, P>(xs, stride, w, panel, os, out_stride); break;
        case 3: tile<3, P>(xs, stride, w, panel, os, out_stride); break;
        case 4: tile<4, P>(xs, stride, w, panel, os, out_stride); break;
        case 5: tile<5, P>(xs, stride, w, panel, os, out_stride); break;
        case 6: tile<6, P>(xs, stride, w, panel, os, out_stride); break;
        case 7: tile<7, P>(xs, stride, w, panel, os, out_stride); break;
    }
}

// out (count, N) = x (count, K) times the transposed matrix; the matrix is read once.
static void multiply(const float *x, int64_t stride, int64_t count, const Matrix &w, float *out,
                     int64_t out_stride) {
    const int64_t panels = (w.rows + LANES - 1) / LANES;
    int64_t p = 0;
    if (count == 1)
        for (; p + 4 <= panels; p += 4) tile<1, 4>(x, stride, w, p, out, out_stride);
    for (; p + 2 <= panels; p += 2) tiles<2>(x, stride, count, w, p, out, out_stride);
    for (; p < panels; p++) tiles<1>(x, stride, count, w, p, out, out_stride);
}

static void normalise(const float *x, const float *weight, int64_t size, float epsilon, float *out) {
    vec squares = vec{};
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES) squares += load(x + i) * load(x + i);
    float total = sum(squares);
    for (; i < size; i++) total += x[i] * x[i];
    const float factor = 1.0f / std::sqrt(total / size + epsilon);
    for (i = 0; i + LANES <= size; i += LANES)
        store(out + i, load(x + i) * factor * load(weight + i));
    for (; i < size; i++) out[i] = x[i] * factor * weight[i];
}

static void rotate(float *x, const float *cosine, const float *sine, int64_t half) {
    for (int64_t i = 0; i < half; i++) {
        float a = x[i], b = x[i + half];
        x[i] = a * cosine[i] - b * sine[i];
        x[i + half] = b * cosine[i] + a * sine[i];
    }
}

// in: (gate, up) of `width` each; out: silu(gate) * up * weight
static void activate(const float *in, int64_t width, float weight, float *out) {
    int64_t i = 0;
    for (; i + LANES <= width; i += LANES) {
        vec gate = load(in + i);
        store(out + i, gate / (1.0f + exponential(-gate)) * load(in + width + i) * weight);
    }
    for (; i < width; i++) {
        vec gate = all(in[i]);
        out[i] = (gate / (1.0f + exponential(-gate)))[0] * in[width + i] * weight;
    }
}

struct Row {  // one head of one query token
    const float *query;
    float *out;
    int64_t first, last;  // positions it sees
};

template <int R>
static void attend_rows(const Row *rows, const float *keys, const float *values,
                        const int32_t *table, int64_t kv_heads, int64_t head, int64_t dim,
                        float *scores) {
    const int64_t padded = (dim + LANES - 1) / LANES * LANES;
    const float scale = 1.0f / std::sqrt((float)dim);
    int64_t first = rows[0].first, last = rows[0].last;
    for (int r = 1; r < R; r++) {
        if (rows[r].first < first) first = rows[r].first;
        if (rows[r].last > last) last = rows[r].last;
    }
    const int64_t begin = first / LANES, end = last / LANES + 1, span = (end - begin) * LANES;
    const ivec lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    vec most[R];
    for (int r = 0; r < R; r++) most[r] = all(NEVER);
    for (int64_t b = begin; b < end; b++) {
        const float *block = keys + ((int64_t)table[b] * kv_heads + head) * dim * LANES;
        // blocks lie anywhere: the processor does not guess the next one
        const float *next = b + 1 < end ? keys + ((int64_t)table[b + 1] * kv_heads + head) * dim * LANES
                                        : values + ((int64_t)table[begin] * kv_heads + head) * LANES * padded;
        vec score[R];
        for (int r = 0; r < R; r++) score[r] = vec{};
        for (int64_t d = 0; d < dim; d++) {
            __builtin_prefetch(next + d * LANES);
            vec key = load(block + d * LANES);
            for (int r = 0; r < R; r++) score[r] += key * rows[r].query[d];
        }
        for (int r = 0; r < R; r++) {
            score[r] *= scale;
            int32_t low = (int32_t)(rows[r].first - b * LANES);
            int32_t high = (int32_t)(rows[r].last - b * LANES);
            if (low > 0 || high < LANES - 1) {
                ivec hidden = (lane < low) | (lane > high);
                score[r] = (vec)(((ivec)score[r] & ~hidden) | ((ivec)all(NEVER) & hidden));
            }
            store(scores + r * span + (b - begin) * LANES, score[r]);
            ivec more = score[r] > most[r];
            most[r] = (vec)(((ivec)score[r] & more) | ((ivec)most[r] & ~more));
        }
    }
    float inverse[R];
    for (int r = 0; r < R; r++) {
        float top = NEVER;
        for (int i = 0; i < LANES; i++)
            if (most[r][i] > top) top = most[r][i];
        vec mass = vec{};
        // blocks that only other rows see add exact zeros: the sum does not depend on them
        for (int64_t i = 0; i < span; i += LANES) {
            vec e = exponential(load(scores + r * span + i) - top);
            store(scores + r * span + i, e);
            mass += e;
        }
        inverse[r] = 1.0f / sum(mass);
    }
    for (int64_t c = 0; c < padded; c += 2 * LANES) {
        const bool two = c + LANES < padded;
        vec near[R], far[R];
        for (int r = 0; r < R; r++) near[r] = far[r] = vec{};
        for (int64_t b = begin; b < end; b++) {
            const float *block = values + ((int64_t)table[b] * kv_heads + head) * LANES * padded + c;
            const float *weight = scores + (b - begin) * LANES;
            const int64_t after = b + 1 < end ? table[b + 1] : table[b];
            const float *coming = values + (after * kv_heads + head) * LANES * padded + c;
            for (int j = 0; j < LANES; j++) {
                __builtin_prefetch(coming + j * padded);
                if (two) __builtin_prefetch(coming + j * padded + LANES);
                vec value = load(block + j * padded);
                for (int r = 0; r < R; r++) near[r] += value * weight[r * span + j];
                if (two) {
                    vec next = load(block + j * padded + LANES);
                    for (int r = 0; r < R; r++) far[r] += next * weight[r * span + j];
                }
            }
        }
        for (int r = 0; r < R; r++)
            for (int i = 0; i < 2 * LANES && c + i < dim; i++)
                rows[r].out[c + i] = (i < LANES ? near[r][i] : far[r][i - LANES]) * inverse[r];
    }
}

struct Scratch {
    std::vector<float> x, normed, qkv, mixed, wide, active, scores, gathered, routed, gates;
    std::vector<int32_t> chosen;
    std::vector<float> share;
    std::vector<int64_t> members;
};

static float *room(std::vector<float> &buffer, int64_t size) {
    if ((int64_t)buffer.size() < size) buffer.resize(size);
    return buffer.data();
}

static void attend(const Network &net, const LayerWeights &w, const Batch &batch, Scratch &s) {
    const int64_t dim = net.head_dim, per = net.heads / net.kv_heads;
    const int64_t width = (net.heads + 2 * net.kv_heads) * dim;
    const int64_t padded = (dim + LANES - 1) / LANES * LANES;
    float *qkv = s.qkv.data(), *mixed = s.mixed.data();
    int64_t t = 0;
    for (int64_t g = 0; g < batch.segments; g++) {
        const int32_t *table = batch.table[w.group] + batch.row[g] * batch.table_width;
        for (int64_t i = 0; i < batch.length[g]; i++, t++) {
            const int64_t at = batch.start[g] + i, block = table[at / LANES], slot = at % LANES;
            for (int64_t h = 0; h < net.heads + net.kv_heads; h++) {
                float *vector = qkv + t * width + h * dim;
                const float *norm = h < net.heads ? w.query_norm : w.key_norm;
                if (norm) normalise(vector, norm, dim, net.epsilon, vector);
                if (w.rotates)
                    rotate(vector, net.cosine + at * (dim / 2), net.sine + at * (dim / 2), dim / 2);
            }
            for (int64_t h = 0; h < net.kv_heads; h++) {
                const float *key = qkv + t * width + (net.heads + h) * dim;
                const float *value = key + net.kv_heads * dim;
                float *to = w.keys + (block * net.kv_heads + h) * dim * LANES + slot;
                for (int64_t d = 0; d < dim; d++) to[d * LANES] = key[d];
                memcpy(w.values + ((block * net.kv_heads + h) * LANES + slot) * padded, value,
                       dim * sizeof(float));
            }
        }
    }
    t = 0;
    for (int64_t g = 0; g < batch.segments; g++) {
        const int32_t *table = batch.table[w.group] + batch.row[g] * batch.table_width;
        const int64_t rows = batch.length[g] * per;
        for (int64_t h = 0; h < net.kv_heads; h++)
            for (int64_t r = 0; r < rows; r += 4) {
                const int64_t count = rows - r < 4 ? rows - r : 4;
                Row part[4];
                for (int64_t i = 0; i < count; i++) {
                    const int64_t token = t + (r + i) / per, head = h * per + (r + i) % per;
                    const int64_t last = batch.start[g] + (r + i) / per;
                    const int64_t first = w.window && last >= w.window ? last - w.window + 1 : 0;
                    part[i] = {qkv + token * width + head * dim,
                               mixed + token * net.heads * dim + head * dim, first, last};
                }
                const int64_t span = part[count - 1].last - part[0].first + 2 * LANES;
                float *scores = room(s.scores, 4 * (span + LANES));
                switch (count) {
                    case 1: attend_rows<1>(part, w.keys, w.values, table, net.kv_heads, h, dim, scores); break;
                    case 2: attend_rows<2>(part, w.keys, w.values, table, net.kv_heads, h, dim, scores); break;
                    case 3: attend_rows<3>(part, w.keys, w.values, table, net.kv_heads, h, dim, scores); break;
                    case 4: attend_rows<4>(part, w.keys, w.values, table, net.kv_heads, h, dim, scores); break;
                }
            }
        t += batch.length[g];
    }
}

// The gate of arXiv:2412.19437, section 2.1.2: groups by their two best experts, then experts.
static void choose(const Network &net, const float *logits, const float *bias, int32_t *chosen,
                   float *share) {
    const int64_t E = net.experts, G = net.groups, size = E / G;
    std::vector<float> score(E), choice(E), group(G);
    for (int64_t e = 0; e < E; e++) {
        score[e] = 1.0f / (1.0f + std::exp(-logits[e]));
        choice[e] = score[e] + bias[e];
    }
    if (G > 1 && net.groups_per_token < G) {
        for (int64_t g = 0; g < G; g++) {
            float best = NEVER, second = NEVER;
            for (int64_t e = g * size; e < (g + 1) * size; e++) {
                if (choice[e] > best) { second = best; best = choice[e]; }
                else if (choice[e] > second) second = choice[e];
            }
            group[g] = best + (size > 1 ? second : 0);
        }
        std::vector<char> open(G, 0);
        for (int64_t n = 0; n < net.groups_per_token; n++) {
            int64_t best = -1;
            for (int64_t g = 0; g < G; g++)
                if (!open[g] && (best < 0 || group[g] > group[best])) best = g;
            open[best] = 1;
        }
        for (int64_t e = 0; e < E; e++)
            if (!open[e / size]) choice[e] = NEVER;
    }
    float total = 0;
    for (int64_t n = 0; n < net.per_token; n++) {
        int64_t best = 0;
        for (int64_t e = 1; e < E; e++)
            if (choice[e] > choice[best]) best = e;
        chosen[n] = (int32_t)best;
        share[n] = score[best];
        total += score[best];
        choice[best] = 2 * NEVER;
    }
    for (int64_t n = 0; n < net.per_token; n++)
        share[n] = (net.normalise ? share[n] / (total + 1e-20f) : share[n]) * net.expert_scale;
}

static void add(float *to, const float *from, int64_t size) {
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES) store(to + i, load(to + i) + load(from + i));
    for (; i < size; i++) to[i] += from[i];
}

static void feed_forward(const Network &net, const LayerWeights &w, int64_t T, Scratch &s) {
    const int64_t C = net.hidden;
    float *normed = s.normed.data(), *x = s.x.data();
    if (w.router.weight) {
        const int64_t K = net.per_token;
        float *gates = room(s.gates, T * net.experts);
        multiply(normed, C, T, w.router, gates, net.experts);
        s.chosen.resize(T * K);
        s.share.resize(T * K);
        for (int64_t t = 0; t < T; t++)
            choose(net, gates + t * net.experts, w.choice_bias, &s.chosen[t * K], &s.share[t * K]);
        for (int64_t e = 0; e < net.experts; e++) {
            s.members.clear();
            for (int64_t i = 0; i < T * K; i++)
                if (s.chosen[i] == e) s.members.push_back(i);
            const int64_t count = s.members.size();
            if (!count) continue;
            const int64_t width = w.expert_down[e].columns;
            float *in = room(s.gathered, count * C), *wide = room(s.wide, count * 2 * width);
            float *active = room(s.active, count * width), *out = room(s.routed, count * C);
            for (int64_t i = 0; i < count; i++)
                memcpy(in + i * C, normed + s.members[i] / K * C, C * sizeof(float));
            multiply(in, C, count, w.expert_gate_up[e], wide, 2 * width);
            for (int64_t i = 0; i < count; i++)
                activate(wide + i * 2 * width, width, s.share[s.members[i]], active + i * width);
            multiply(active, width, count, w.expert_down[e], out, C);
            for (int64_t i = 0; i < count; i++) add(x + s.members[i] / K * C, out + i * C, C);
        }
    }
    if (!w.gate_up.weight) return;
    const int64_t width = w.down.columns;
    float *wide = room(s.wide, T * 2 * width), *active = room(s.active, T * width);
    float *out = room(s.routed, T * C);
    multiply(normed, C, T, w.gate_up, wide, 2 * width);
    for (int64_t t = 0; t < T; t++) activate(wide + t * 2 * width, width, 1.0f, active + t * width);
    multiply(active, width, T, w.down, out, C);
    add(x, out, T * C);
}

// logits (wanted, V) of the batch's tokens `want`; the keys and values of all go into the blocks.
extern "C" void forward(const Network *network, const Batch *b, float *logits) {
    static thread_local Scratch s;
    const Network &net = *network;
    const Batch &batch = *b;
    const int64_t T = batch.tokens, C = net.hidden;
    const int64_t width = (net.heads + 2 * net.kv_heads) * net.head_dim;
    float *x = room(s.x, T * C), *normed = room(s.normed, T * C);
    float *qkv = room(s.qkv, T * width), *mixed = room(s.mixed, T * net.heads * net.head_dim);
    for (int64_t t = 0; t < T; t++)
        memcpy(x + t * C, net.embedding + batch.token[t] * C, C * sizeof(float));
    for (int64_t l = 0; l < net.layers; l++) {
        const LayerWeights &w = net.layer[l];
        for (int64_t t = 0; t < T; t++)
            normalise(x + t * C, w.input_norm, C, net.epsilon, normed + t * C);
        multiply(normed, C, T, w.qkv, qkv, width);
        attend(net, w, batch, s);
        float *out = room(s.routed, T * C);
        multiply(mixed, net.heads * net.head_dim, T, w.output, out, C);
        add(x, out, T * C);
        for (int64_t t = 0; t < T; t++)
            normalise(x + t * C, w.post_norm, C, net.epsilon, normed + t * C);
        feed_forward(net, w, T, s);
    }
    for (int64_t i = 0; i < batch.wanted; i++)
        normalise(x + batch.want[i] * C, net.norm, C, net.epsilon, normed + i * C);
    if (batch.hidden) memcpy(batch.hidden, normed, batch.wanted * C * sizeof(float));
    multiply(normed, C, batch.wanted, net.head, logits, net.vocabulary);
}

// out (rows) = the matrix times x (columns): what decoding one stream does, for measuring.
extern "C" void product(const float *panels, int64_t rows, int64_t columns, const float *x,
                        float *out) {
    multiply(x, columns, 1, Matrix{panels, nullptr, rows, columns}, out, rows);
}
