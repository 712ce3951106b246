"""Wake-up calls between the parts of the bot; the database is the truth, a lost call is caught by the sweep."""
