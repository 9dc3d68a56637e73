/*
 * One assertion, presented by several clients at once, at a ledger shard that dies and loses its memory; one revocation;
 * one record on its way through outbox, queue and archive. What is named as in the code is what the code does there:
 * durable-objects/assertion-ledger.ts, ledger-fences.ts, ledger-shards.ts, revocation-registry.ts.
 *
 * Two halves, since together they have more states than a machine holds: with REVOCATION the clock, the lease and an
 * operator's order; without it the record's road. Each FAULT_… is a mistake that the properties must find.
 */
#ifdef REVOCATION
#define PRESENTERS 1
#else
#define PRESENTERS 2
#endif
#ifdef REVOCATION
#define TRIES 1
#else
#define TRIES 2
#endif
#define DEATHS 1
#define LEASE 2
#define MARGIN 1
#define LAST_INSTANT 5
#define NOBODY 255

/* The clock that ledger and registry share, as far as a margin makes up for the rest. */
byte now = 0;

/* --- the ledger: what survives a death --- */
byte consumedBy = NOBODY;
bool inOutbox = false;
/* --- and what does not --- */
byte heard = 0;
byte announced = 0;
byte leaseEndsAt = 0;
byte life = 0;
bool isRenewing = false;

/* --- the queue and the archive --- */
bool inQueue = false;
bool archived = false;

/* --- the registry, which is durable --- */
byte version = 0;
byte leaseVersion = 0;
byte leaseUntil = 0;
bool revokeAnswered = false;

/* --- what clients hold --- */
byte tokens = 0;

inline isCurrent(answer) { answer = (heard >= announced && now < leaseEndsAt) }

/* The registry's side of renewLease and the ledger's are two moments, with anything between them. */
inline renew() {
  atomic { !isRenewing -> isRenewing = true; askedAt = now; inLife = life; said = heard }
  atomic {
    given = version;
#ifdef FAULT_LEASE_COUNTS_AS_HEARD
    leaseVersion = version;
#else
    /* While an older lease lasts: what the ledger has heard, and not what it is being told. */
    if
    :: leaseUntil > now -> leaseVersion = said
    :: else -> leaseVersion = given
    fi;
#endif
    if
    :: now + LEASE + MARGIN > leaseUntil -> leaseUntil = now + LEASE + MARGIN
    :: else
    fi
  }
  atomic {
    if
    :: inLife == life ->
       if
       :: given > heard -> heard = given
       :: else
       fi;
#ifdef FAULT_LEASE_FROM_ANSWER
       leaseEndsAt = now + LEASE
#else
       leaseEndsAt = askedAt + LEASE
#endif
       ;isRenewing = false
    :: else /* the object that asked is no more */
    fi
  }
}

/* One turn of the ledger: judge, look, insert, record; the answer may still be lost. */
inline decide(attempt, result) {
  atomic {
#ifdef FAULT_NO_LEASE
    current = true;
#else
    isCurrent(current);
#endif
    if
    :: !current -> result = unknown
    :: current && heard > 0 -> result = fenced
    :: current && heard == 0 ->
       if
       :: consumedBy == NOBODY ->
          assert(!revokeAnswered); /* nothing is issued after a revocation was called effective */
          consumedBy = attempt;
#ifdef FAULT_RECORD_LATER
          skip;
#else
          inOutbox = true;
#endif
          result = consumed
#ifdef FAULT_NO_ATTEMPT_ID
       :: consumedBy != NOBODY -> result = replayed
#else
       :: consumedBy == attempt -> result = consumed
       :: consumedBy != NOBODY && consumedBy != attempt -> result = replayed
#endif
       fi
    fi
  }
}

mtype = { unknown, fenced, consumed, replayed, lost };

bool wasToldReplay[PRESENTERS];
bool hasCommitted[PRESENTERS];

proctype Presenter(byte attempt) {
  byte tries = 0;
  bool current = false;
  byte askedAt = 0;
  byte inLife = 0;
  byte said = 0;
  byte given = 0;
  mtype result = lost;
  do
  :: tries < TRIES ->
     tries++;
     isCurrent(current);
     if
     :: !current -> renew()
     :: else
     fi;
     decide(attempt, result);
     if
     :: result == consumed -> hasCommitted[attempt] = true
     :: else
     fi;
     if
     :: result = lost /* the answer, or the shard, died on the way */
     :: skip
     fi;
     if
     :: result == consumed ->
        atomic {
          tokens++;
          assert(tokens <= 1);
          assert(inOutbox || inQueue || archived); /* no token without a record */
        }
        break
     :: result == replayed ->
        wasToldReplay[attempt] = true;
        assert(!hasCommitted[attempt]); /* a retry of the attempt that consumed is no replay */
        break
     :: result == fenced -> break
     :: else
     fi
  :: else -> break
  od
}

/* renewWhenDue: ahead of time and beside whatever is redeemed. */
proctype Renewal() {
  byte askedAt = 0;
  byte inLife = 0;
  byte said = 0;
  byte given = 0;
  byte renewals = 0;
  do
  :: renewals < 2 -> renewals++; renew()
  :: break
  od
}

proctype Death() {
  byte deaths = 0;
  do
  :: deaths < DEATHS ->
     atomic {
       deaths++;
       life++;
       heard = 0;
       announced = 0;
       leaseEndsAt = 0;
       isRenewing = false;
#ifdef FAULT_MEMORY_ONLY
       consumedBy = NOBODY;
#endif
     }
  :: break
  od
}

/* An operator's order, and the announcement to a ledger that may not be reached. */
proctype Revoke() {
  byte reached = 0;
  version = 1;
  do
  :: leaseVersion < 1 && leaseUntil > now ->
     atomic {
       if
       :: reached < 1 ->
          reached++;
          announced = 1;
          leaseVersion = 1
       :: skip /* not reached: wait for the lease to run out */
       fi
     }
#ifdef FAULT_ANSWER_AT_ONCE
  :: break
#endif
  :: !(leaseVersion < 1 && leaseUntil > now) -> break
  :: now == LAST_INSTANT -> goto pending
  od;
  revokeAnswered = true;
pending:
  skip
}

/* Drain, delivery and watermark, each of which may happen again or not at all. */
proctype Road() {
  byte steps = 0;
  do
  :: steps < 4 ->
     steps++;
     if
     :: inOutbox -> inQueue = true
#ifdef FAULT_DELETE_ON_SEND
     :: inQueue && inOutbox -> inOutbox = false
#else
     :: archived && inOutbox -> inOutbox = false /* only past the archive's watermark */
#endif
     :: inQueue -> archived = true
     :: inQueue -> inQueue = false /* a queue that loses what it holds */
     :: skip
     fi
  :: else -> break
  od
}

proctype Clock() {
  do
  :: now < LAST_INSTANT -> now++
  :: else -> break
  od
}

init {
  atomic {
    byte at = 0;
    do
    :: at < PRESENTERS -> run Presenter(at); at++
    :: else -> break
    od;
    run Death();
#ifdef REVOCATION
    run Renewal();
    run Revoke();
    run Clock()
#else
    leaseEndsAt = LAST_INSTANT;
    run Road()
#endif
  }
}

/* What has been released stays on record, whatever is lost afterwards. */
ltl recorded { [] ((tokens > 0) -> (inOutbox || inQueue || archived)) }
