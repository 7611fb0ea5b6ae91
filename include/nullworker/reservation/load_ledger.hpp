#pragma once

namespace nullworker::reservation {

// Load that came and went, in the units of `cost`.
struct load_figures {
    double new_load = 0;  // started
    double rej_load = 0;  // rejected
    double cur_perf = 0;  // completed

    friend bool operator==(const load_figures&, const load_figures&) = default;
};

// Counts load between two accepted reports. Figures in a report that is under way are kept apart from those
// that come meanwhile, so nothing is lost when it fails, nothing counted twice when it is accepted, and no
// floating-point difference is ever taken.
class load_ledger {
public:
    void start(double cost) { x_open.new_load += cost; }
    void reject(double cost) { x_open.rej_load += cost; }
    void complete(double cost) { x_open.cur_perf += cost; }

    // Everything since the last settled report; from now on new figures count for the next one.
    const load_figures& seal() {
        x_sealed.new_load += x_open.new_load;
        x_sealed.rej_load += x_open.rej_load;
        x_sealed.cur_perf += x_open.cur_perf;
        x_open = {};
        return x_sealed;
    }

    // The sealed figures were accepted.
    void settle() { x_sealed = {}; }

    // Everything since the last settled report, sealed or not.
    [[nodiscard]] load_figures owed() const {
        return {x_open.new_load + x_sealed.new_load, x_open.rej_load + x_sealed.rej_load,
                x_open.cur_perf + x_sealed.cur_perf};
    }

    // Figures that a former process still owed.
    void resume(const load_figures& owed) { x_sealed = owed; }

private:
    load_figures x_open;
    load_figures x_sealed;
};

}  // namespace nullworker::reservation
