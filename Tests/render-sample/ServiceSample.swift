// SPDX-License-Identifier: Apache-2.0
import CVariableMonitor
import RecordWriting
import Reports

/// `CLOCK_MONOTONIC` in ns.
private let tick: UInt64 = 5_000_000_000

/// Ticks of 10 µs, at the last of which the first watch hit.
private func history(
    _ name: String, of watch: UInt64, _ writer: inout RecordWriter, value: (UInt64) -> UInt64
) {
    var history = vmon_history()
    (history.watch_id, history.pid, history.interval_ns) = (watch, 4100, 10_000)
    (history.name, history.length, history.count) = (fixed(name), 8, 257)
    writer.append(
        VMON_RECORD_HISTORY, history,
        parts: (0..<257).map {
            bytesOf(vmon_sample(time_ns: tick - 2_560_000 + $0 * 10_000, value: value($0)))
        })
}

/// A thousand tasks of a machine whose database waits for its disk: what a real dump looks like.
func serviceSample() -> Sample {
    var sample = Sample()
    var frames = FrameMaker()
    sample.add { writer in
        writer.begin(realtime: 1_701_141_698_684_973_655, hits: 1)
        var hit = vmon_hit()
        (hit.pid, hit.name, hit.value, hit.threshold, hit.length) = (4100, fixed("queue_length"), 812, 500, 8)
        (hit.watch_id, hit.tick_ns) = (1, tick)
        writer.append(VMON_RECORD_HIT, hit)
        // Both go up and down at first; then one worker after the other stops, and the queue grows.
        history("queue_length", of: 1, &writer) {
            switch $0 {
            case ..<200: 40 + $0 * 13 % 29
            case ..<256: 40 + ($0 - 200) * ($0 - 200) / 7
            default: 812
            }
        }
        history("workers_ready", of: 2, &writer) { $0 < 200 ? 28 + $0 * 7 % 5 : 30 - ($0 - 200) * 29 / 60 }
    }
    var pid: UInt32 = 4100
    for group in groups {
        for _ in 0..<group.count {
            sample.task(
                pid: pid, tgid: pid - pid % 100, comm: Array(group.comm.utf8), state: group.state,
                cgroup: group.cgroup,
                .init(
                    user: group.user.isEmpty
                        ? nil : group.user.split(separator: " ").map { frames.user(String($0), group.file) },
                    end: group.user.isEmpty ? nil : .complete,
                    kernel: group.kernel.split(separator: " ").map { frames.kernel(String($0)) }))
            pid += 1
        }
    }
    sample.add { $0.end(captured: Int(pid - 4100)) }
    return sample
}

/// Tasks with one stack.
private struct Group {
    var count: Int
    var comm: String
    var state: String
    var cgroup: String
    var file: String
    /// Functions, leaf first.
    var kernel: String
    var user: String
}

private let systemCall = " do_syscall_64 entry_SYSCALL_64_after_hwframe"
private let diskRead =
    "schedule io_schedule folio_wait_bit_common filemap_get_pages filemap_read ext4_file_read_iter vfs_read ksys_pread64"
    + systemCall
private let lockWait = "schedule futex_wait_queue futex_wait do_futex __x64_sys_futex" + systemCall
private let pollWait =
    "schedule schedule_hrtimeout_range ep_poll do_epoll_wait __x64_sys_epoll_wait" + systemCall
private let start = " start_thread clone3"
private let orders = "/usr/bin/orderd"
private let postgres = "/usr/lib/postgresql/15/bin/postgres"
private let backend =
    " exec_simple_query PostgresMain BackendRun ServerLoop PostmasterMain main __libc_start_main _start"

private let groups: [Group] = [
    Group(
        count: 212, comm: "postgres", state: "D", cgroup: "/system.slice/postgresql.service", file: postgres,
        kernel: diskRead,
        user:
            "pread64 FileRead mdread ReadBuffer_common heapgetpage heap_getnextslot SeqNext ExecScan ExecutePlan PortalRun"
            + backend),
    Group(
        count: 61, comm: "postgres", state: "D", cgroup: "/system.slice/postgresql.service", file: postgres,
        kernel: diskRead,
        user:
            "pread64 FileRead mdread ReadBuffer_common _bt_getbuf _bt_search _bt_first btgettuple IndexNext ExecScan ExecNestLoop ExecutePlan PortalRun"
            + backend),
    Group(
        count: 18, comm: "postgres", state: "D", cgroup: "/system.slice/postgresql.service", file: postgres,
        kernel: "schedule jbd2_log_wait_commit ext4_sync_file do_fsync __x64_sys_fdatasync" + systemCall,
        user:
            "fdatasync issue_xlog_fsync XLogWrite XLogFlush RecordTransactionCommit CommitTransaction finish_xact_command"
            + backend),
    Group(
        count: 380, comm: "orderd-worker", state: "S", cgroup: "/system.slice/orderd.service", file: orders,
        kernel: "schedule schedule_timeout unix_stream_read_generic sock_recvmsg __sys_recvfrom" + systemCall,
        user:
            "recv pqsecure_read PQgetResult PQexec db::Connection::query orders::find_by_customer orders::Handler::get http::Router::dispatch pool::Worker::run"
            + start),
    Group(
        count: 140, comm: "orderd-worker", state: "S", cgroup: "/system.slice/orderd.service", file: orders,
        kernel: lockWait,
        user:
            "pthread_cond_wait db::Pool::acquire orders::find_by_customer orders::Handler::get http::Router::dispatch pool::Worker::run"
            + start),
    Group(
        count: 64, comm: "orderd-worker", state: "S", cgroup: "/system.slice/orderd.service", file: orders,
        kernel: lockWait,
        user:
            "__lll_lock_wait pthread_mutex_lock orders::Cache::insert orders::Handler::put http::Router::dispatch pool::Worker::run"
            + start),
    Group(
        count: 9, comm: "orderd-worker", state: "R", cgroup: "/system.slice/orderd.service", file: orders,
        kernel: "",
        user:
            "json::Writer::escape json::Writer::string orders::to_json<Order> orders::Handler::get http::Router::dispatch pool::Worker::run"
            + start),
    Group(
        count: 4, comm: "orderd", state: "S", cgroup: "/system.slice/orderd.service", file: orders,
        kernel: pollWait, user: "epoll_wait http::Server::accept_loop main __libc_start_main _start"),
    Group(
        count: 48, comm: "nginx", state: "S", cgroup: "/system.slice/nginx.service", file: "/usr/sbin/nginx",
        kernel: pollWait,
        user:
            "epoll_wait ngx_epoll_process_events ngx_process_events_and_timers ngx_worker_process_cycle main __libc_start_main _start"
    ),
    Group(
        count: 16, comm: "kworker/u8:2", state: "D", cgroup: "/", file: "",
        kernel:
            "schedule io_schedule blk_mq_get_tag blk_mq_submit_bio submit_bio_noacct ext4_writepages do_writepages wb_writeback wb_workfn process_one_work worker_thread kthread ret_from_fork",
        user: ""),
    Group(
        count: 1, comm: "jbd2/sda1-8", state: "D", cgroup: "/", file: "",
        kernel:
            "schedule io_schedule bit_wait_io wait_on_buffer jbd2_journal_commit_transaction kjournald2 kthread ret_from_fork",
        user: ""),
    Group(
        count: 12, comm: "kworker/3:1", state: "I", cgroup: "/", file: "",
        kernel: "schedule worker_thread kthread ret_from_fork", user: ""),
]
