/*
 * One assertion while the number of shards changes: Workers that know the old count alone, both, or the new one alone,
 * and answers that are lost (durable-objects/ledger-shards.ts: consume, release, recordReplay). The first and the last
 * kind never serve within one assertion's life, if the change waits for as long as the README says.
 */
#define PRESENTERS 3
#define NOBODY 255

mtype = { consumed, replayed, lost };

#define old_only 1
#define both 2
#define new_only 3

/* Which attempt consumed at the owner by the old count, and at the one by the new count. */
byte before = NOBODY;
byte after = NOBODY;
byte tokens = 0;

inline consumeAt(owner, attempt, result) {
  if
  :: result = lost /* never arrived */
  :: atomic {
       if
       :: owner == NOBODY -> owner = attempt; result = consumed
       :: owner == attempt -> result = consumed
       :: else -> result = replayed
       fi
     };
     if
     :: result = lost /* the answer did not come back */
     :: skip
     fi
  fi
}

inline release(owner, attempt) {
  if
  :: skip /* not reached */
  :: atomic {
       if
       :: owner == attempt -> owner = NOBODY
       :: else
       fi
     }
  fi
}

proctype Presenter(byte attempt; byte knows) {
  mtype first = consumed;
  mtype second = consumed;
  if
  :: knows != new_only -> consumeAt(before, attempt, first)
  :: else
  fi;
  if
  :: first == consumed && knows != old_only ->
     consumeAt(after, attempt, second);
#ifdef FAULT_FORGETS_THE_NEW_OWNER
     second = consumed;
#endif
     if
     :: second == lost && knows == both -> release(before, attempt)
     :: else
     fi
  :: else
  fi;
  if
  :: first == consumed && second == consumed -> tokens++; assert(tokens <= 1)
  :: else /* an outage or a replay: no token */
  fi
}

init {
  byte early = both;
  byte late = both;
  /* The change is beginning, or ending. */
  if
  :: early = old_only
  :: late = new_only
#ifdef FAULT_DOES_NOT_WAIT
  :: early = old_only; late = new_only
#endif
  fi;
  atomic {
    byte at = 0;
    do
    :: at < PRESENTERS ->
       if
       :: run Presenter(at, early)
       :: run Presenter(at, late)
       fi;
       at++
    :: else -> break
    od
  }
}
