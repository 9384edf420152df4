"""One chain as a LangGraph machine: its state, its nodes and how they are wired."""
