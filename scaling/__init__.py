"""Laws of success against compute. Arrays and tables in, frozen results out; knows nothing of the agent."""
